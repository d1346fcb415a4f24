"""The columns written, equal to the vocabulary's fields and types.

The vocabulary file is the contract; a test holds the two equal.
"""

from __future__ import annotations

import pyarrow as pa

_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "code": pa.string(),
    "money": pa.decimal128(18, 2),
    "integer": pa.int64(),
    "decimal": pa.decimal128(9, 2),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(),
}

# Fields that are not plain text or codes, by type; the rest are strings.
_TYPED: dict[str, str] = {
    **dict.fromkeys(
        [
            "pay_amt",
            "xpay_amt",
            "deduct_amt",
            "cash_limit",
            "amount",
            "dis_amt",
            "plan_amt",
            "total_amt",
            "contract_amt",
            "credit_limit",
            "end_balance",
            "bank_paid_amt",
            "quota_amt",
            "diff_amt",
        ],
        "money",
    ),
    **dict.fromkeys(
        [
            "line_no",
            "fiscal_year",
            "person_cnt",
            "attach_cnt",
            "fiscal_year_end",
            "plan_month",
        ],
        "integer",
    ),
    **dict.fromkeys(["day_cnt", "progress_pct"], "decimal"),
    **dict.fromkeys(
        [
            "vou_date",
            "xpay_date",
            "opened_on",
            "closed_on",
            "doc_date",
            "received_on",
            "start_date",
            "sign_date",
            "agreement_from",
            "agreement_to",
            "balance_date",
            "due_date",
            "valid_from",
            "valid_to",
            "date",
        ],
        "date",
    ),
    "create_time": "timestamp",
    **dict.fromkeys(
        [
            "is_key",
            "filed",
            "is_gov_pur",
            "review_required",
            "review_passed",
            "is_livelihood",
            "is_agent",
        ],
        "boolean",
    ),
}

PAYMENT_FIELDS: tuple[str, ...] = (
    "payment_id",
    "stage",
    "entry_kind",
    "orig_payment_id",
    "line_no",
    "mof_div_code",
    "fiscal_year",
    "pay_app_no",
    "pay_cert_no",
    "vou_date",
    "create_time",
    "xpay_date",
    "maker_code",
    "checker_code",
    "agency_code",
    "agency_name",
    "dept_code",
    "bgt_id",
    "bgt_type_code",
    "fund_type_code",
    "fund_scope",
    "exp_func_code",
    "gov_bgt_eco_code",
    "dep_bgt_eco_code",
    "pro_code",
    "pay_type_code",
    "set_mode_code",
    "pay_bus_type_code",
    "fund_traobj_type_code",
    "use_des",
    "pay_amt",
    "xpay_amt",
    "deduct_amt",
    "pay_acct_name",
    "pay_acct_no",
    "pay_acct_bank_name",
    "pay_bank_code",
    "payee_acct_name",
    "payee_acct_no",
    "payee_acct_bank_name",
    "agent_business_no",
    "check_no",
    "contract_no",
    "invoice_no",
    "card_no",
    "merchant_name",
    "person_cnt",
    "day_cnt",
    "attach_cnt",
)

# Table name to columns; validity is added to each by the writer.
ENTITY_FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(fields.split())
    for name, fields in {
        "jurisdiction": "mof_div_code mof_div_name level fiscal_parent fiscal_year_end",
        "agency": "agency_code agency_name mof_div_code dept_code parent_code "
        "agency_kind is_key cash_limit unifsoc_cred_code",
        "account": "acct_no acct_name agency_code acct_kind bank_code filed opened_on "
        "closed_on",
        "appropriation": "bgt_id agency_code mof_div_code fiscal_year cor_bgt_doc_no "
        "sup_bgt_doc_no doc_date received_on amount dis_amt exp_func_code "
        "gov_bgt_eco_code dep_bgt_eco_code fund_type_code pro_code is_gov_pur "
        "track_pro_code",
        "cash_plan": "bgt_id plan_month plan_amt",
        "project": "pro_code pro_name agency_code pro_cat_code total_amt progress_pct "
        "review_required review_passed is_livelihood start_date",
        "contract": "contract_no agency_code supplier_name supplier_acct_no "
        "contract_amt sign_date pur_plan_no pur_method_code",
        "official_card": "card_no agency_code holder_name bank_code credit_limit",
        "bank": "bank_code bank_name is_agent agreement_from agreement_to",
        "account_day": "acct_no balance_date agency_code acct_kind bank_code "
        "end_balance bank_paid_amt quota_amt",
        "bank_report": "report_id bank_code report_kind due_date received_on diff_amt "
        "return_reason",
    }.items()
}

LABEL_FIELDS = (
    "subject",
    "key",
    "rule_id",
    "stage",
    "mof_div_code",
    "date",
    "origin",
)


def _schema(fields: tuple[str, ...]) -> pa.Schema:
    return pa.schema([(name, _TYPES[_TYPED.get(name, "text")]) for name in fields])


PAYMENT_SCHEMA = _schema(PAYMENT_FIELDS)
LABEL_SCHEMA = _schema(LABEL_FIELDS)


def entity_schema(table: str) -> pa.Schema:
    """Return a reference table's columns with its validity, half-open in days."""
    return _schema((*ENTITY_FIELDS[table], "valid_from", "valid_to"))
