"""How to reach Slack."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from alerts.params import Duration


class SlackParams(BaseModel):
    """How to reach Slack.

    The bot needs the scopes chat:write, and to recognise its own messages after a crash channels:history, channels:read
    and their groups: counterparts for private channels; for pictures files:write.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr = Field(description="Bot token (xoxb-...) of the Slack app.")
    base_url: str = Field(
        default="https://slack.com/api/",
        description="Where the Web API is; another address only for a stand-in or a gateway.",
    )
    timeout: Duration = Field(default=10.0, gt=0, description="The longest that one call may take.")
    signing_secret: SecretStr | None = Field(
        default=None,
        description="The app's signing secret: presses of buttons are taken over HTTP by `foreshock answers`.",
    )
    app_token: SecretStr | None = Field(
        default=None,
        description="App-level token (xapp-...) with connections:write: `foreshock answers` takes presses over a "
        "connection that it opens itself (Socket Mode), and no address has to be public.",
    )
    team: str = Field(
        default="",
        pattern=r"^([A-Z0-9]{3,30})?$",
        description='Id of the only workspace whose presses count, such as T0123ABCD; "" for every one with the app.',
    )
    approvers: tuple[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,30}$")], ...] = Field(
        default=(),
        description="Ids of the Slack users who may approve and hold client notices; empty: everybody in the channel.",
    )
    proxy: SecretStr | None = Field(
        default=None,
        description="HTTP proxy for calls to Slack, such as http://proxy:3128; never taken from the environment.",
    )
    pictures: bool = Field(
        default=True,
        description="Whether messages show a picture of the series that leads; the app then needs files:write.",
    )
    search_pages: int = Field(
        default=5,
        ge=1,
        le=50,
        description="How many pages of 200 messages are searched for a notice that was perhaps posted before a crash.",
    )

    @property
    def buttons(self) -> bool:
        """Whether messages have buttons: only where a press would be heard."""
        return self.signing_secret is not None or self.app_token is not None

    @field_validator("signing_secret", "app_token")
    @classmethod
    def _is_not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_an_http_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// for a stand-in)")
        if "@" in value:
            raise ValueError("holds a name or a password, which is no place for one: logs and commands show it")
        return value if value.endswith("/") else value + "/"
