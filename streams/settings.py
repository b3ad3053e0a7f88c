"""Process settings, read from the environment once at start.

Everything that tunes a detector lives in the detector specification (one YAML file), not here: two processes
with the same specification and the same input give the same alerts whatever their settings are.
"""

import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from detectors.fingerprint_key import checked_key
from streams.tls import client_context
from streams.topic_names import OWN_NAMES, is_topic_name, own_name_like

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
StageName = Literal["ingest", "accounts", "campaigns", "alerts"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

SERVER = re.compile(
    r"([^\s,:]+|\[[0-9a-fA-F:]+\]):"
    r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
)
"""Host and port, 1 to 65,535; the same as in the chart's values.schema.json."""
_FAR = 1e12
"""No setting is a longer time, in seconds or days: of a much longer one the milliseconds are no number any more."""
_NAMES_ARE = "names are letters, digits, '.', '_' and '-', at most 249 with the prefix"


class Settings(BaseSettings):
    """Settings of one process; every field is the variable ``STILLWATCH_<FIELD>`` unless said otherwise.

    Raises ``pydantic.ValidationError`` when a value does not fit, naming the variable.
    """

    model_config = SettingsConfigDict(env_prefix="STILLWATCH_", frozen=True, allow_inf_nan=False)

    # -- the cluster ----------------------------------------------------------------------------
    bootstrap_servers: Annotated[
        str,
        Field(
            validation_alias="KAFKA_BOOTSTRAP_SERVERS",
            description="Brokers to start from, as host:port,host:port.",
        ),
    ] = "127.0.0.1:9092"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca_file: Path | None = None
    ssl_cert_file: Path | None = None
    ssl_key_file: Path | None = None

    # -- the worker -----------------------------------------------------------------------------
    group_id: Annotated[str, Field(min_length=1)] = "stillwatch"
    instance_id: str | None = Field(
        default=None, description="Static membership: a name that survives a restart, such as a pod name."
    )
    topic_prefix: str = Field(default="", description="Put before every topic name, for shared clusters.")
    input_topic: str = Field(default="llm.usage", description="Topic with the usage events, none of the service's own.")
    stages: Annotated[frozenset[StageName], Field(min_length=1)] = Field(
        default=frozenset(get_args(StageName)),
        description="What this process does, as a JSON list; campaigns includes the feedback of reviewers.",
        examples=['["ingest"]'],
    )
    account_paths: tuple[str, ...] = Field(
        default=(),
        description="Where to look for the account in messages of known formats first, as a JSON list of dotted paths.",
        examples=['["metadata.user_id"]'],
    )
    direct_sources: bool = Field(
        default=False,
        description="Usage events are written into the usage topic by sources themselves, without ingest: usage "
        "partitions that fall silent then do not hold back event time.",
    )
    spec_file: Path | None = Field(default=None, description="Detector specification; unset: the packaged one.")
    fingerprint_key: SecretStr = Field(
        default=SecretStr("stillwatch-development-key"),
        description="Secret of the prompt fingerprints, 16 to 64 bytes; the same in every worker and gateway.",
    )
    checkpoint_interval_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    session_timeout_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0
    max_poll_records: Annotated[int, Field(ge=1, le=50_000)] = 2_000

    # -- event time at ingest -------------------------------------------------------------------
    disorder_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=120.0, description="How far behind the newest event of its partition an event may be."
    )
    max_future_seconds: Annotated[float, Field(ge=0, le=_FAR)] = Field(
        default=60.0,
        description="How far ahead of when its message was stored an event may be; keep below the disorder.",
    )
    max_age_days: Annotated[float, Field(gt=0, le=_FAR)] = Field(
        default=3_650.0, description="How far behind when its message was stored an event may be."
    )
    idle_seconds: Annotated[float, Field(gt=0, le=_FAR)] = Field(
        default=30.0,
        description="An input partition read to its end and silent for so long no longer holds back event time.",
    )

    # -- dead letters ---------------------------------------------------------------------------
    dead_letter_window: Annotated[int, Field(ge=10)] = 1_000
    dead_letter_max_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5,
        description="Share of dead letters in a window of a stage's inputs at which the worker stops; 1: never.",
    )

    # -- what people and machines look at -------------------------------------------------------
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=8080, description="Health and metrics; 0 picks a free port."
    )
    stall_seconds: Annotated[float, Field(gt=0, le=_FAR)] = Field(
        default=120.0, description="Without progress for so long while events wait, the worker is not live."
    )
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("bootstrap_servers")
    @classmethod
    def _names_a_broker(cls, servers: str) -> str:
        named = [server.strip() for server in servers.split(",") if server.strip()]
        if not named:
            raise ValueError("names no broker; should be host:port,host:port")
        for server in named:
            if not SERVER.fullmatch(server):
                raise ValueError(f"{server} is no host:port; should be host:port,host:port")
        return ",".join(named)

    @field_validator("topic_prefix")
    @classmethod
    def _can_begin_every_name(cls, prefix: str) -> str:
        if not all(is_topic_name(prefix + name) for name in OWN_NAMES.values()):
            raise ValueError(f"{prefix!r} cannot begin the name of a topic; {_NAMES_ARE}")
        return prefix

    @field_validator("input_topic")
    @classmethod
    def _is_a_topic_of_its_own(cls, name: str, info: ValidationInfo) -> str:
        full = info.data.get("topic_prefix", "") + name
        if not is_topic_name(full):
            raise ValueError(f"{full!r} is no name of a topic; {_NAMES_ARE}")
        if (own := own_name_like(name)) is not None:
            raise ValueError(
                f"{name!r} is to Kafka the same as {own}, a topic of the service itself; "
                "should be the one with the usage events"
            )
        return name

    @field_validator("fingerprint_key")
    @classmethod
    def _can_be_a_key(cls, secret: SecretStr) -> SecretStr:
        checked_key(secret.get_secret_value().encode())
        return secret

    @model_validator(mode="after")
    def _secrets_are_complete(self) -> "Settings":
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"STILLWATCH_SECURITY_PROTOCOL is {self.security_protocol}: set STILLWATCH_SASL_USERNAME "
                "and STILLWATCH_SASL_PASSWORD"
            )
        if self.ssl_key_file and not self.ssl_cert_file:
            raise ValueError("STILLWATCH_SSL_KEY_FILE is the key of a certificate: set STILLWATCH_SSL_CERT_FILE")
        return self

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context of the connection, ``None`` when the protocol has no TLS; raises ``TlsFileError``."""
        if "SSL" not in self.security_protocol:
            return None
        return client_context(self.ssl_ca_file, self.ssl_cert_file, self.ssl_key_file)

    def aiokafka_config(self) -> dict[str, Any]:
        """Connection arguments of any aiokafka client."""
        config: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context(),
        }
        return config | self._sasl_config()

    def kafka_python_config(self) -> dict[str, Any]:
        """Connection arguments of any kafka-python client."""
        config: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
        }
        if (context := self.ssl_context()) is not None:
            config["ssl_context"] = context
        return config | self._sasl_config()

    def _sasl_config(self) -> dict[str, Any]:
        """Arguments by which both clients take a name and a password; none without SASL."""
        if self.sasl_password is None or not self.security_protocol.startswith("SASL"):
            return {}
        return {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password.get_secret_value(),
        }
