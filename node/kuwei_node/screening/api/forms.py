"""What a payment system sends and gets; every field bounded and described.

Field names are those of the national data standard for budget management
integration; amounts are yuan with at most two decimals.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from kuwei_node.screening.domain import PAYMENTS_MAX
from kuwei_shared.kernel.clock import CHINA
from kuwei_shared.rules import bounds

# A NUL cannot be stored; other control characters have no place in a voucher.
_PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
Key = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=bounds.CODE_CHARS_MAX, pattern=r"^[!-~]+$"
    ),
]
Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=bounds.CODE_CHARS_MAX, pattern=_PLAIN),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=bounds.TEXT_CHARS_MAX, pattern=_PLAIN),
]
Division = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]


def _exact(amount: object) -> object:
    """Refuse a JSON number that was rounded when it was read; a text never is."""
    if not isinstance(amount, float) or abs(amount) < bounds.CENTS_LOST_FROM:
        return amount
    if abs(amount) >= bounds.DIGITS_LOST_FROM or not amount.is_integer():
        raise ValueError('超过 15 位的金额须写成文本,如 "99999999999999.99"')
    return amount


Money = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(max_digits=18, decimal_places=2, description="人民币元,至多两位小数"),
]
Day = Annotated[dt.date, Field(ge=bounds.FIRST_DAY, lt=bounds.END_DAY)]
Count = Annotated[int, Field(ge=0, le=bounds.COUNT_MAX)]


def _china_time(moment: dt.datetime) -> dt.datetime:
    """Read a time without offset as treasuries write it: Beijing time."""
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


Moment = Annotated[dt.datetime, AfterValidator(_china_time)]


class PaymentIn(BaseModel):
    """一笔支付在某一环节的要素(支付申请、支付凭证或银行回单)。"""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    payment_id: Key = Field(description="支付主键,同一笔支付各环节相同")
    stage: Literal["request", "voucher", "receipt"] = Field(description="支付环节")
    entry_kind: Literal["normal", "refund", "correction", "reversal"] = Field(
        "normal",
        description="记录性质;退款、更正、撤销以负数另报,累计不超出原支付金额",
    )
    orig_payment_id: Key | None = Field(None, description="原支付主键")
    line_no: Count | None = Field(None, description="明细行号")
    mof_div_code: Division = Field(description="财政区划代码,9 位")
    fiscal_year: int = Field(ge=1990, lt=2100, description="预算年度")
    pay_app_no: Code | None = Field(None, description="支付申请编号")
    pay_cert_no: Code | None = Field(None, description="支付凭证号")
    vou_date: Day = Field(description="业务日期")
    create_time: Moment | None = Field(
        None, description="录入时间;不带时区的按北京时间"
    )
    xpay_date: Day | None = Field(None, description="实际支付日期")
    maker_code: Code | None = Field(None, description="制单人")
    checker_code: Code | None = Field(None, description="复核人")
    agency_code: Code = Field(description="预算单位代码")
    agency_name: Text | None = Field(None, description="预算单位名称")
    dept_code: Code | None = Field(None, description="主管部门代码")
    bgt_id: Code | None = Field(None, description="预算指标主键")
    bgt_type_code: Code | None = Field(None, description="指标类型代码")
    fund_type_code: Code | None = Field(None, description="资金性质代码")
    fund_scope: (
        Literal["zero_balance", "special_account", "own_fund", "transfer"] | None
    ) = Field(None, description="资金范围")
    exp_func_code: Code | None = Field(None, description="支出功能分类代码")
    gov_bgt_eco_code: Code | None = Field(None, description="政府支出经济分类代码")
    dep_bgt_eco_code: Code | None = Field(None, description="部门支出经济分类代码")
    pro_code: Code | None = Field(None, description="项目代码")
    pay_type_code: Code | None = Field(None, description="支付方式代码")
    set_mode_code: Code | None = Field(None, description="结算方式代码")
    pay_bus_type_code: Code | None = Field(None, description="支付业务类型代码")
    fund_traobj_type_code: Code | None = Field(None, description="资金往来对象类别代码")
    use_des: Text | None = Field(None, description="用途")
    pay_amt: Money = Field(description="支付金额")
    xpay_amt: Money | None = Field(None, description="实际支付金额")
    deduct_amt: Money | None = Field(None, description="代扣金额")
    pay_acct_name: Text | None = Field(None, description="付款人全称")
    pay_acct_no: Code | None = Field(None, description="付款人账号")
    pay_acct_bank_name: Text | None = Field(None, description="付款人开户银行")
    pay_bank_code: Code | None = Field(None, description="代理银行代码")
    payee_acct_name: Text | None = Field(None, description="收款人全称")
    payee_acct_no: Code | None = Field(None, description="收款人账号")
    payee_acct_bank_name: Text | None = Field(None, description="收款人开户银行")
    agent_business_no: Code | None = Field(None, description="银行交易流水号")
    check_no: Code | None = Field(None, description="支票号")
    contract_no: Code | None = Field(None, description="采购合同编号")
    invoice_no: Code | None = Field(None, description="发票号")
    card_no: Code | None = Field(None, description="公务卡号")
    merchant_name: Text | None = Field(None, description="商户名称")
    person_cnt: Count | None = Field(None, description="人数")
    day_cnt: Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=3)] | None = (
        Field(None, description="天数")
    )
    attach_cnt: Count | None = Field(None, description="附件数")

    @model_validator(mode="after")
    def year_is_near_the_date(self) -> PaymentIn:
        """Refuse a budget year whose limits the payment would escape."""
        if abs(self.fiscal_year - self.vou_date.year) > bounds.YEARS_APART_MAX:
            raise ValueError(
                f"预算年度 {self.fiscal_year} 与业务日期 {self.vou_date} 相差超过"
                f" {bounds.YEARS_APART_MAX} 年,请核对"
            )
        return self

    @model_validator(mode="after")
    def sign_follows_kind(self) -> PaymentIn:
        """Refuse a negative payment that does not say what it takes back."""
        if self.orig_payment_id == self.payment_id:
            raise ValueError("orig_payment_id 不得是本笔支付自己")
        if self.entry_kind == "normal":
            if self.pay_amt < 0:
                raise ValueError("正常支付的金额不得为负;退款、更正、撤销请另报")
            return self
        if self.orig_payment_id is None:
            raise ValueError("退款、更正、撤销须写明 orig_payment_id")
        if self.entry_kind != "correction" and self.pay_amt > 0:
            raise ValueError("退款、撤销的金额不得为正")
        return self


class ScreenRequest(BaseModel):
    """一批待审核的支付,1–1,000 笔,按业务日期逐笔审核,同日按给出的次序。"""

    model_config = ConfigDict(extra="forbid")

    payments: list[PaymentIn] = Field(min_length=1, max_length=PAYMENTS_MAX)


def read(body: bytes) -> list[dict[str, Any]]:
    """Return the payments of a request's body (Any: vocabulary fields, JSON-ready).

    Raises:
        RequestValidationError: every fault with its place, from ``body`` on.
    """
    try:
        asked = ScreenRequest.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        placed = [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        raise RequestValidationError(placed) from error
    return [one.model_dump(mode="json", exclude_none=True) for one in asked.payments]


def described() -> dict[str, Any]:
    """Return the schema of the body for the description (Any: OpenAPI's own shape)."""
    schema = ScreenRequest.model_json_schema()
    schema["properties"]["payments"]["items"] = schema.pop("$defs")["PaymentIn"]
    return {"content": {"application/json": {"schema": schema}}, "required": True}


class HitOut(BaseModel):
    """命中的一条规则。"""

    rule_id: str
    version: int
    title: str
    severity: str = Field(description="record/yellow/orange/red/grey")
    is_trial: bool = Field(description="试运行规则只记录,不影响决定")
    explanation: str
    basis: str = Field(description="支付日期有效的政策法规依据")
    review: str


class AnswerOut(BaseModel):
    """一笔支付的审核结论。"""

    payment_id: str
    stage: str
    seq: int = Field(description="本级监测节点的受理序号")
    decision: Literal["pass", "hold", "reject"]
    release: str = Field(description="所用规则目录版本")
    hits: list[HitOut]
    undetermined: list[str] = Field(description="因要素缺失无法判断的规则")
    failed: list[str] = Field(description="本身运行出错的规则,按其失败策略处理")
    is_repeat: bool = Field(description="此前已受理,返回原结论")
    standing: Literal["held", "released", "refused"] | None = Field(
        None, description="暂缓支付的现状;重报同一笔即可查询"
    )
    because: str | None


class ScreenResponse(BaseModel):
    """与请求同序的结论。"""

    answers: list[AnswerOut]
