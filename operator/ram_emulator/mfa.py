"""Virtual MFA devices: create, list, delete, bind, unbind, and what a user has.

Codes are really checked: RFC 6238 with SHA-1, 30 seconds and six digits, over the device's seed and
the emulator's clock.
"""

from __future__ import annotations

import base64
import dataclasses
import hmac
import re
import secrets
from typing import Any

from .clock import iso
from .common import USER_NAME
from .entities import MfaDevice, fold
from .errors import ApiError, already_exists, delete_conflict, invalid, limit_exceeded, not_exist
from .params import Param
from .principals import ONE_USER, find_user, user_fields
from .registry import Action, Body, Call

STEP_SECONDS = 30
# How many steps the device's clock may be off, either way.
_DRIFT = 1

_NAME = Param(
    "VirtualMFADeviceName",
    required=True,
    pattern=re.compile(r"[A-Za-z0-9.-]+"),
    low=1,
    high=64,
)
_SERIAL = Param("SerialNumber", required=True)
_CODES = ("AuthenticationCode1", "AuthenticationCode2")
_CODE = re.compile(r"\d{6}")
# One white pixel: nobody scans it.
_PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)


def totp(seed: str, step: int) -> str:
    """The six digits of a base32 seed in a time step (seconds since the epoch // 30)."""
    mac = hmac.new(base64.b32decode(seed), step.to_bytes(8, "big"), "sha1").digest()
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def serial_number(account_id: str, device: MfaDevice) -> str:
    """The serial number of a device."""
    return f"acs:ram::{account_id}:mfa/{device.name}"


def _find(call: Call) -> MfaDevice:
    serial = call.text("SerialNumber")
    prefix = f"acs:ram::{call.account.account_id}:mfa/"
    device = call.account.devices.get(fold(serial.removeprefix(prefix)))
    if device is None or not serial.startswith(prefix):
        raise not_exist("VirtualMFADevice", serial)
    return device


def _create(call: Call) -> Body:
    account, name = call.account, call.text("VirtualMFADeviceName")
    if account.devices.get(fold(name)) is not None:
        raise already_exists("VirtualMFADevice", name)
    if len(account.devices) >= account.quotas["mfaDevices"]:
        raise limit_exceeded("VirtualMFADevice", account.quotas["mfaDevices"])
    device = MfaDevice(name, base64.b32encode(secrets.token_bytes(20)).decode())
    account.devices.put(fold(name), device, call.now)
    shown = {
        "SerialNumber": serial_number(account.account_id, device),
        "Base32StringSeed": device.seed,
        "QRCodePNG": _PICTURE,
    }
    return {"VirtualMFADevice": shown}


def _row(call: Call, device: MfaDevice) -> dict[str, Any]:
    row: dict[str, Any] = {"SerialNumber": serial_number(call.account.account_id, device)}
    fields = ("UserId", "UserName", "DisplayName")
    user = call.account.users.seen(device.user, call.as_of) if device.user else None
    if user is not None:
        row |= {
            "ActivateDate": iso(device.activated),
            "User": user_fields(call, user, fields),
        }
    elif call.account.text("unbound_device_user") == "empty":
        row |= {"ActivateDate": "", "User": dict.fromkeys(fields, "")}
    return row


def _list(call: Call) -> Body:
    rows = [_row(call, device) for _, device in call.account.devices.items_seen(call.as_of)]
    return {"VirtualMFADevices": {"VirtualMFADevice": rows}}


def _delete(call: Call) -> Body:
    device = _find(call)
    if device.user:
        raise delete_conflict("VirtualMFADevice.User", "The device is bound to a user.")
    call.account.devices.delete(fold(device.name), call.now)
    return {}


def _bind(call: Call) -> Body:
    account = call.account
    codes = [call.text(name) for name in _CODES]
    if not all(_CODE.fullmatch(code) for code in codes):
        raise invalid("AuthenticationCode", "Format", "Authentication codes have six digits.")
    user, device = find_user(call, call.now), _find(call)
    if account.device_of(fold(user.name), call.now) is not None:
        raise already_exists("User.MFADevice", user.name)
    if device.user:
        raise already_exists("VirtualMFADevice.User", device.name)
    last = int(call.now) // STEP_SECONDS
    firsts = range(last - 1 - _DRIFT, last + _DRIFT)
    if not any(codes == [totp(device.seed, n), totp(device.seed, n + 1)] for n in firsts):
        raise ApiError("CheckAuthenticationCodeFail", "The authentication codes are not right.")
    bound = dataclasses.replace(device, user=fold(user.name), activated=call.now)
    account.devices.put(fold(device.name), bound, call.now)
    return {}


def _of_user(call: Call, as_of: float) -> MfaDevice:
    user = find_user(call, as_of)
    device = call.account.device_of(fold(user.name), as_of)
    if device is None:
        raise not_exist("User.MFADevice", user.name)
    return device


def _unbind(call: Call) -> Body:
    device = _of_user(call, call.now)
    free = dataclasses.replace(device, user="", activated=0.0)
    call.account.devices.put(fold(device.name), free, call.now)
    return {"MFADevice": {"SerialNumber": serial_number(call.account.account_id, device)}}


def _info(call: Call) -> Body:
    serial = serial_number(call.account.account_id, _of_user(call, call.as_of))
    return {"MFADevice": {"SerialNumber": serial, "Type": "VMFA"}}


_DEVICES = ("acs:ram:*:{account}:mfa/*",)

ACTIONS = (
    Action(
        "CreateVirtualMFADevice",
        _create,
        "write",
        (_NAME,),
        ("acs:ram:*:{account}:mfa/{VirtualMFADeviceName}",),
        "writesPerSecond",
    ),
    Action("ListVirtualMFADevices", _list, "read", (), _DEVICES),
    Action("DeleteVirtualMFADevice", _delete, "write", (_SERIAL,), _DEVICES, "writesPerSecond"),
    Action(
        "BindMFADevice",
        _bind,
        "write",
        (_SERIAL, USER_NAME, *(Param(name, required=True) for name in _CODES)),
        ONE_USER,
        "writesPerSecond",
    ),
    Action("UnbindMFADevice", _unbind, "write", (USER_NAME,), ONE_USER, "writesPerSecond"),
    Action("GetUserMFAInfo", _info, "read", (USER_NAME,), ONE_USER),
)
