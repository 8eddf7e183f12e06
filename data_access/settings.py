"""Where things are and which thresholds hold: the state folder, the replica's address, ``config/*.toml``.

Every message names the file, the key and what is allowed, because the reader is an operator and not a programmer.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

PROJECT = Path(__file__).resolve().parents[1]
DRIVER = "postgresql+psycopg2"

Model = TypeVar("Model", bound=BaseModel)


class SettingsError(ValueError):
    """A setting that cannot be used; its text is one Chinese sentence for the operator."""


class Thresholds(BaseModel):
    """``config/thresholds.toml``: the numbers that definitions leave to the deployment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_visit_min_persons: int = Field(5, ge=2, le=1000)
    group_visit_county_min_persons: int = Field(10, ge=2, le=1000)
    frequent_repeat_min: int = Field(5, ge=2, le=100)
    minimum_denominator: int = Field(15, ge=1, le=10_000)


def home() -> Path:
    """The state folder (``YANPAN_HOME``), created on first use; root's default is /var/lib/yanpan.

    Mode 0711 of its own: an unprivileged database user must be able to pass through, nobody may list.
    """
    chosen = os.environ.get("YANPAN_HOME")
    if chosen:
        path = Path(chosen).expanduser().absolute()
    elif os.geteuid() == 0:
        path = Path("/var/lib/yanpan")
    else:
        path = user_data_path("yanpan")
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711)
    return path


def config_folder() -> Path:
    """The deployment's configuration (``YANPAN_CONFIG``, default: ``config/`` of the project)."""
    return Path(os.environ.get("YANPAN_CONFIG") or PROJECT / "config")


def replica_url() -> URL | None:
    """The replica's address: ``YANPAN_REPLICA_URL``, else ``[connections.replica]`` of ``.streamlit/secrets.toml``.

    None: neither is given, so the embedded demonstration city is used. Raises SettingsError for an address that is none.
    """
    text = os.environ.get("YANPAN_REPLICA_URL", "").strip()
    if text:
        return postgresql_url(text, "YANPAN_REPLICA_URL")
    for folder in (Path.cwd(), PROJECT):
        path = folder / ".streamlit" / "secrets.toml"
        if path.is_file():
            return _url_of_secrets(path)
    return None


def read_config(name: str, model: type[Model]) -> Model:
    """``config/<name>`` checked against ``model``; a missing file means the model's defaults."""
    path = config_folder() / name
    return validated(path, model, _read_toml(path) if path.is_file() else {})


def validated(path: Path, model: type[Model], content: object) -> Model:
    """``content`` of ``path`` as ``model``; SettingsError names the file, each wrong key and what is allowed."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        details = "；".join(
            f"{'.'.join(str(part) for part in item['loc']) or '(顶层)'}：{_in_chinese(item)}" for item in error.errors()
        )
        allowed = "；".join(dict.fromkeys(_keys_beside(model, item["loc"]) for item in error.errors()))
        raise SettingsError(f"{path.name} 有误：{details}。允许的键：{allowed}") from None


_FAULTS = {
    "missing": "缺少这个键",
    "extra_forbidden": "没有这个键",
    "greater_than_equal": "不得小于 {ge}",
    "greater_than": "必须大于 {gt}",
    "less_than_equal": "不得大于 {le}",
    "less_than": "必须小于 {lt}",
    "literal_error": "只能是 {expected}",
    "value_error": "{error}",
    "too_short": "至少要有 {min_length} 项",
    "int_type": "必须是整数",
    "int_parsing": "必须是整数",
    "int_from_float": "必须是整数",
    "float_type": "必须是数字",
    "float_parsing": "必须是数字",
    "bool_type": "必须是 true 或 false",
    "bool_parsing": "必须是 true 或 false",
    "string_type": "必须是带引号的文字",
    "tuple_type": "必须是列表",
    "model_type": "必须是一张表",
}


def _in_chinese(fault: ErrorDetails) -> str:
    """What pydantic found, said in Chinese; in its own words only where we know none."""
    words = _FAULTS.get(fault["type"])
    said = words.format(**fault.get("ctx", {})) if words else fault["msg"]
    return said if fault["type"] == "missing" else f"{said}（写的是 {fault['input']!r}）"


def _keys_beside(model: type[BaseModel], place: tuple[int | str, ...]) -> str:
    """The keys allowed where the fault at ``place`` stands, which may be inside a nested table."""
    for step in place[:-1]:
        field = model.model_fields.get(str(step))
        inner = () if field is None else (field.annotation, *get_args(field.annotation))
        model = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return "、".join(model.model_fields)


@cache
def thresholds() -> Thresholds:
    """The thresholds in force, read once per process."""
    return read_config("thresholds.toml", Thresholds)


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"读不懂 {path}：{error}") from None


def _url_of_secrets(path: Path) -> URL | None:
    connections = _read_toml(path).get("connections")
    replica = connections.get("replica") if isinstance(connections, dict) else None
    if not isinstance(replica, dict):
        return None
    if "url" in replica:
        return postgresql_url(str(replica["url"]), f"{path} 的 [connections.replica]")
    known = {"host", "port", "database", "username", "password", "query"}
    unknown = set(replica) - known - {"dialect", "driver", "type"}
    if unknown:
        raise SettingsError(f"{path} 的 [connections.replica] 不认识 {sorted(unknown)}；允许：url，或 {sorted(known)}")
    return URL.create(DRIVER, **{key: value for key, value in replica.items() if key in known})


def postgresql_url(text: str, source: str) -> URL:
    """The address written in ``source``, with our driver. Raises SettingsError for what is no PostgreSQL address."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(f"{source} 不是数据库地址；写法：postgresql://用户:密码@主机:端口/库名") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError(
            f"{source} 只支持 PostgreSQL，写的是 {url.get_backend_name()}；写法：postgresql://用户:密码@主机:端口/库名"
        )
    # SQLAlchemy 2.1 reads a bare postgresql:// as psycopg 3; the driver here is psycopg2.
    return url.set(drivername=DRIVER)
