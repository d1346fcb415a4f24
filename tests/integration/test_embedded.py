import embedded
import psycopg2


def test_the_embedded_server_answers(postgres: embedded.Postgres) -> None:
    url = postgres.create("probe").replace("+psycopg2", "")

    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        row = cursor.fetchone()

    assert row is not None
    assert row[0].startswith("18")
