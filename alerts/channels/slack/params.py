"""How to reach Slack."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from alerts.params import Duration


class SlackParams(BaseModel):
    """How to reach Slack.

    The bot needs the scopes chat:write, and to recognise its own messages after a crash channels:history, channels:read
    and their groups: counterparts for private channels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr = Field(description="Bot token (xoxb-...) of the Slack app.")
    base_url: str = Field(
        default="https://slack.com/api/",
        description="Where the Web API is; another address only for a stand-in or a gateway.",
    )
    timeout: Duration = Field(default=10.0, gt=0, description="The longest that one call may take.")
    proxy: SecretStr | None = Field(
        default=None,
        description="HTTP proxy for calls to Slack, such as http://proxy:3128; never taken from the environment.",
    )
    search_pages: int = Field(
        default=5,
        ge=1,
        le=50,
        description="How many pages of 200 messages are searched for a notice that was perhaps posted before a crash.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_an_http_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// for a stand-in)")
        return value if value.endswith("/") else value + "/"
