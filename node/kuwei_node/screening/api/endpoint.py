"""``POST /v1/payments:screen``: check the caller, screen, answer, commit.

The transaction commits before the answer leaves, so that nothing is ever
answered that was not recorded.
"""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPBearer
from sqlalchemy.orm import Session

from kuwei_node.reference.service import ReferenceService
from kuwei_node.screening.api import forms
from kuwei_node.screening.api.forms import ScreenResponse
from kuwei_node.screening.service import Screening
from kuwei_shared.identity import permissions
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.web.guards import MachineDep, PartsDep

JSON = "application/json"
# The gate itself is MachineDep; this tells readers of the description about it.
TOKEN = HTTPBearer(auto_error=False, description="客户端凭证令牌,受众 node-api")


async def _whole_body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise KuweiError(
            "payment.not_json", f"请求正文须为 JSON,并写明 Content-Type: {JSON}。"
        )
    return await request.body()


# Read by our own hand: parsed and checked in one go, in the request's own thread.
BodyDep = Annotated[bytes, Depends(_whole_body)]


def router(screening: Screening, reference: ReferenceService) -> APIRouter:
    """Return the routes of the payment interface."""
    routes = APIRouter(tags=["支付审核"])

    @routes.post(
        "/v1/payments:screen",
        response_model=ScreenResponse,
        summary="审核一批支付",
        responses=_REFUSALS,
        openapi_extra={"requestBody": forms.described()},
        dependencies=[Security(TOKEN)],
    )
    def screen(body: BodyDep, caller: MachineDep, parts: PartsDep) -> Response:
        permissions.require(caller, Permission.SCREEN_PAYMENTS)
        rows = forms.read(body)
        with parts.unit_of_work.begin() as session:
            _admit(reference, session, parts.read_scope(session, caller), rows)
            screened = screening.take_in(session, rows)
        # Put into words when others no longer wait for the units.
        answers = screened.answers()
        return Response(orjson.dumps({"answers": answers}), media_type=JSON)

    return routes


def _admit(
    reference: ReferenceService,
    session: Session,
    scope: VisibleJurisdictions,
    rows: list[dict[str, Any]],  # Any: vocabulary fields, checked by the form
) -> None:
    for code in {row["mof_div_code"] for row in rows}:
        scope.require(code)
    reference.require_own(session, scope, rows)


def _problem(description: str) -> dict[str, Any]:  # Any: OpenAPI's own shape
    return {
        "description": description,
        "content": {"application/problem+json": {}},
    }


_REFUSALS: dict[int | str, dict[str, Any]] = {  # Any: OpenAPI's own shape
    400: _problem("正文不是可读的 JSON"),
    401: _problem("没有有效的访问令牌"),
    403: _problem("该账号不能提交支付,或区划、预算单位、指标不在其范围内"),
    409: _problem("支付主键已受理而内容不同,各环节不一致,或冲减不合原支付"),
    422: _problem("要素不符合格式,说明所在位置"),
    429: _problem("超过处理能力,按 Retry-After 重试"),
    503: _problem("暂不可用,按 Retry-After 重试"),
}
