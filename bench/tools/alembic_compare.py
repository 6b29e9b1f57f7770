"""alembic_compare.py LIVE EXPECTED: what alembic says of a database, compared with another that has the expected
schema. That one is read into a MetaData first: that is what alembic compares with."""

import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect

live, expected = (create_engine(url) for url in sys.argv[1:3])
metadata = MetaData()
for schema in inspect(expected).get_schema_names():
    if schema != "information_schema":
        metadata.reflect(expected, schema=schema)
with live.connect() as connection:
    context = MigrationContext.configure(connection, opts={"include_schemas": True})
    for difference in compare_metadata(context, metadata):
        print(difference)
