from __future__ import annotations

from kuwei_hub.distribution.rpc import BlobCache


def test_the_timestamp_is_never_held() -> None:
    cache = BlobCache()

    cache.put("metadata/timestamp.json", b"old")

    assert cache.get("metadata/timestamp.json") is None


def test_what_was_not_asked_for_longest_goes_first() -> None:
    cache = BlobCache(bytes_max=10)
    cache.put("targets/a", b"12345")
    cache.put("targets/b", b"12345")
    cache.get("targets/a")

    cache.put("targets/c", b"1")

    assert cache.get("targets/b") is None
    assert cache.get("targets/a") == b"12345"


def test_a_file_too_big_to_hold_is_passed_through() -> None:
    cache = BlobCache(bytes_max=10)

    cache.put("targets/a", b"x" * 11)

    assert cache.get("targets/a") is None
