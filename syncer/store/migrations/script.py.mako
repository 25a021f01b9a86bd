"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
% if down_revision is None:
from syncer.store import triggers
% endif

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
% if down_revision is None:
    for statement in triggers.create_statements(op.get_bind().dialect.name):
        op.execute(statement)
% endif
