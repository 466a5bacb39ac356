"""Central's settings, from the environment (`LEDGER_…`) or the command line; limits stand here, thresholds in the
rules."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.entries import MAX_PHOTO_BYTES


class CentralSettings(BaseSettings):
    """Where central keeps its data and how much it takes from whom. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_", frozen=True)

    data_dir: Path = Path("var/central")
    database_url: str = Field(default="", description="empty: SQLite in data_dir; or postgresql+psycopg://…")
    demo_units: bool = Field(default=False, description="also know the fictional units of the demonstration")
    lock_wait_s: float = 2.0
    session_s: int = 1800
    enrolment_code_s: int = 7 * 86_400
    max_photo_bytes: int = MAX_PHOTO_BYTES
    upload_expires_s: int = 14 * 86_400
    max_unfinished_uploads: int = 200
    min_free_bytes: int = 500_000_000
    requests_per_minute: int = 3000
    sign_in_per_minute: int = 120

    @property
    def url(self) -> str:
        """The database address with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'central.db'}"

    @property
    def photo_dir(self) -> Path:
        """Originals, by hash."""
        return self.data_dir / "photos"

    @property
    def upload_dir(self) -> Path:
        """Unfinished uploads."""
        return self.data_dir / "uploads"
