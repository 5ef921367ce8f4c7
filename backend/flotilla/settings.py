"""Everything that the environment may say. Read by bootstrap and the entrypoints only."""

from datetime import date
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals, with the given alias."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore")

    data: Path = Field(Path("var"), alias="FLOTILLA_DATA")
    host: str = Field("127.0.0.1", alias="HOST")
    port: int = Field(8000, ge=1, le=65535, alias="PORT")
    database_url: SecretStr | None = Field(None, alias="DATABASE_URL")
    redis_url: SecretStr | None = Field(None, alias="REDIS_URL")
    hosts: str = Field("", alias="FLOTILLA_HOSTS", description="Further host names to answer to, by comma.")
    page: Path | None = Field(None, alias="FLOTILLA_PAGE", description="Folder of the built page.")
    practice_url: str | None = Field(None, alias="FLOTILLA_PRACTICE_URL")
    practice_port: int = Field(8010, ge=1, le=65535, alias="FLOTILLA_PRACTICE_PORT")
    practice_key: str = Field("PKPRACTICE", alias="FLOTILLA_PRACTICE_KEY")
    practice_secret: SecretStr = Field(SecretStr("practice"), alias="FLOTILLA_PRACTICE_SECRET")
    practice_bars: Path | None = Field(None, alias="FLOTILLA_PRACTICE_BARS")
    practice_symbols: str = Field("", alias="FLOTILLA_PRACTICE_SYMBOLS", description="A,B: only these.")
    practice_start: date | None = Field(None, alias="FLOTILLA_PRACTICE_START")
    practice_speed: str = Field("60", alias="FLOTILLA_PRACTICE_SPEED")
    alpaca_key: str | None = Field(None, alias="APCA_API_KEY_ID", description="For `flotilla bars fetch`.")
    alpaca_secret: SecretStr | None = Field(None, alias="APCA_API_SECRET_KEY")
    alpaca_data_url: str | None = Field(None, alias="APCA_API_DATA_URL")
    alpaca_url: str | None = Field(
        None, alias="FLOTILLA_ALPACA_URL", description="A server that stands in for Alpaca (tests)."
    )
    secret_key: SecretStr | None = Field(
        None, alias="FLOTILLA_SECRET_KEY", description="Encrypts accounts' keys; default: a file of ours."
    )
    allow_live: bool = Field(False, alias="FLOTILLA_ALLOW_LIVE")
    examples: bool = Field(True, alias="FLOTILLA_EXAMPLES")
    keep_decisions: int = Field(
        90, ge=1, alias="FLOTILLA_KEEP_DECISIONS_DAYS", description="Market days of the decision log."
    )
    log_level: str = Field("info", alias="FLOTILLA_LOG_LEVEL")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in ("debug", "info", "warning", "error"):
            raise ValueError("must be debug, info, warning or error")
        return value.lower()

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The host names that the API answers to; this machine's own are always among them."""
        further = {name.strip().lower() for name in self.hosts.split(",") if name.strip()}
        return frozenset({"127.0.0.1", "localhost", "::1", self.host.lower(), *further})

    @property
    def bars(self) -> Path:
        """The folder of the bar store."""
        return self.data / "bars"

    @property
    def secret_file(self) -> Path:
        """Where the secret that encrypts accounts' keys is kept, when none is set."""
        return self.data / "secret.key"

    @property
    def market_url(self) -> str:
        """Where the practice market is."""
        return self.practice_url or f"http://127.0.0.1:{self.practice_port}"
