"""The declarative base; a service has its own schema in its own database."""

from __future__ import annotations

from sqlalchemy import MetaData, Text
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# varchar columns are cast to text at every comparison; text ones are not.
TYPES = {str: Text}


class NodeTable(DeclarativeBase):
    """Base of every table in a node's database."""

    type_annotation_map = TYPES

    metadata = MetaData(naming_convention=NAMING)


class HubTable(DeclarativeBase):
    """Base of every table in a hub's database."""

    type_annotation_map = TYPES

    metadata = MetaData(naming_convention=NAMING)
