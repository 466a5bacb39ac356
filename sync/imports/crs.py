"""Which coordinate system a file is in: one of five that are taken, proven by parameters and not by its name.

A name or a code beside parameters that contradict it is a zone slip, not a matter of taste: a public list labels
EPSG:4527 as 120°E (domain §3.9). WGS-84 and CGCS2000 count as equal (docs/decisions.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from schemas.errors import Code, LedgerError

TAKEN = (4490, 4326, 4527, 4548, 2436)
"""CGCS2000 and WGS-84 degrees; CGCS2000 at 117°E with and without zone prefix; Beijing 1954 at 117°E."""
DEGREES = frozenset({4490, 4326})
APPROXIMATE = frozenset({2436})
"""The way from the 1954 datum to CGCS2000 has no published parameters for Beijing, and none are shipped."""
LABEL = {
    4490: "EPSG:4490 (CGCS2000, degrees)",
    4326: "EPSG:4326 (WGS 84, degrees)",
    4527: "EPSG:4527 (CGCS2000, 117°E, eastings 39xxxxxx)",
    4548: "EPSG:4548 (CGCS2000, 117°E, eastings without zone)",
    2436: "EPSG:2436 (Beijing 1954, 117°E)",
    4528: "EPSG:4528 (CGCS2000, 120°E, eastings 40xxxxxx)",
    4549: "EPSG:4549 (CGCS2000, 120°E, eastings without zone)",
    4526: "EPSG:4526 (CGCS2000, 114°E, eastings 38xxxxxx)",
    4547: "EPSG:4547 (CGCS2000, 114°E, eastings without zone)",
}


@dataclass(frozen=True)
class _Frame:
    """What decides where numbers lie: the datum, and for plane systems meridian (degrees) and false easting (m)."""

    datum: str
    meridian_deg: float | None = None
    false_easting_m: float | None = None


_FRAMES = {
    _Frame("cgcs2000"): 4490,
    _Frame("wgs84"): 4326,
    _Frame("cgcs2000", 117.0, 39_500_000.0): 4527,
    _Frame("cgcs2000", 117.0, 500_000.0): 4548,
    _Frame("beijing1954", 117.0, 500_000.0): 2436,
    _Frame("cgcs2000", 120.0, 40_500_000.0): 4528,
    _Frame("cgcs2000", 120.0, 500_000.0): 4549,
    _Frame("cgcs2000", 114.0, 38_500_000.0): 4526,
    _Frame("cgcs2000", 114.0, 500_000.0): 4547,
}
"""The last four are known so that a zone slip can be told from a system that nobody here uses; none is taken."""
_DATUMS = {
    "china2000": "cgcs2000",
    "dchina2000": "cgcs2000",
    "cgcs2000": "cgcs2000",
    "dcgcs2000": "cgcs2000",
    "chinageodeticcoordinatesystem2000": "cgcs2000",
    "chinageodeticcoordinatesystem2000cgcs2000": "cgcs2000",
    "worldgeodeticsystem1984": "wgs84",
    "worldgeodeticsystem1984ensemble": "wgs84",
    "dwgs1984": "wgs84",
    "wgs1984": "wgs84",
    "wgs84": "wgs84",
    "beijing1954": "beijing1954",
    "dbeijing1954": "beijing1954",
}
_ELLIPSOIDS = {
    "cgcs2000": (6378137.0, 298.257222101),
    "wgs84": (6378137.0, 298.257223563),
    "beijing1954": (6378245.0, 298.3),
}


def recognised(definition: str | int) -> int:
    """The EPSG code, one of `LABEL`, of a definition (WKT of any dialect, `EPSG:n`, n).

    Raises LedgerError: IMPORT_CRS_UNKNOWN, or IMPORT_ZONE_SLIP when zone number and central meridian disagree.
    """
    try:
        crs = CRS.from_user_input(definition)
    except CRSError as error:
        raise LedgerError(Code.IMPORT_CRS_UNKNOWN, crs=str(definition)[:80]) from error
    while crs.is_bound or crs.is_compound:
        inner = crs.source_crs if crs.is_bound else crs.sub_crs_list[0]
        if inner is None:
            break
        crs = inner
    frame = _frame(crs)
    if frame in _FRAMES:
        return _FRAMES[frame]
    if frame is not None and frame.meridian_deg is not None and frame.false_easting_m is not None:
        zone, rest = divmod(frame.false_easting_m, 1_000_000)
        if zone and rest == 500_000 and zone * 3 != frame.meridian_deg:
            label = f"{crs.name}: zone {zone:.0f} is {zone * 3:.0f}°E"
            raise LedgerError(Code.IMPORT_ZONE_SLIP, found=label, looks_like=f"{frame.meridian_deg:g}°E", count=0)
    raise LedgerError(Code.IMPORT_CRS_UNKNOWN, crs=_named(crs))


def settled(found: int | None, said: int | None, reason: str) -> int:
    """The code (of `LABEL`) that holds: what the file proves, else what the office says; both agree where both speak.

    Raises LedgerError: IMPORT_CRS_MISSING (with `reason`), IMPORT_CRS_UNKNOWN, IMPORT_CRS_CONTRADICTS.
    """
    if said is not None and said not in LABEL:
        raise LedgerError(Code.IMPORT_CRS_UNKNOWN, crs=f"EPSG:{said}")
    if found is None:
        if said is None:
            raise LedgerError(Code.IMPORT_CRS_MISSING, reason=reason)
        return said
    if said is not None and said != found and not {said, found} <= DEGREES:
        raise LedgerError(Code.IMPORT_CRS_CONTRADICTS, found=LABEL[found], said=LABEL[said])
    return found


def to_degrees(epsg: int) -> Transformer | None:
    """The way from `epsg` to EPSG:4490, east or longitude first; None where the numbers stay as they are."""
    if epsg in DEGREES:
        return None
    return Transformer.from_crs(epsg, 4490, always_xy=True)


def _frame(crs: CRS) -> _Frame | None:
    """None for what is neither plain degrees nor a transverse Mercator in metres on a known datum."""
    try:
        geodetic = crs.geodetic_crs
        if geodetic is None or crs.prime_meridian is None or crs.prime_meridian.longitude != 0.0:
            return None
        datum = _datum(geodetic)
        if datum is None:
            return None
        if crs.is_geographic:
            return _Frame(datum) if all(axis.unit_name.lower() == "degree" for axis in crs.axis_info[:2]) else None
        return _plane(crs, datum)
    except (ProjError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _datum(geodetic: CRS) -> str | None:
    names = [geodetic.datum.name if geodetic.datum else "", geodetic.name]
    keys = ["".join(c for c in name.lower() if c.isalnum()) for name in names]
    datum = next((_DATUMS[key] for key in keys if key in _DATUMS), None)
    if datum is None or geodetic.ellipsoid is None:
        return None
    a_m, flattening = geodetic.ellipsoid.semi_major_metre, geodetic.ellipsoid.inverse_flattening
    want_a, want_flattening = _ELLIPSOIDS[datum]
    return datum if abs(a_m - want_a) < 1e-3 and abs(flattening - want_flattening) < 1e-6 else None


def _plane(crs: CRS, datum: str) -> _Frame | None:
    operation = crs.coordinate_operation
    if operation is None or operation.method_name not in ("Transverse Mercator", "Gauss Kruger"):
        return None
    if any(axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]):
        return None
    values: dict[str, Any] = {parameter.name: parameter.value for parameter in operation.params}
    plain = (
        values["Latitude of natural origin"] == 0
        and values["Scale factor at natural origin"] == 1
        and values["False northing"] == 0
    )
    if not plain:
        return None
    return _Frame(datum, float(values["Longitude of natural origin"]), float(values["False easting"]))


def _named(crs: CRS) -> str:
    code = crs.to_epsg()
    return f"{crs.name} (EPSG:{code})" if code else crs.name
