"""The map: regions coloured in five classes, without any base map, laid out in pixels for a box of given size.

A click on a polygon or point gives the region's code back. The layer's id holds what the picture shows, so that an old
selection never outlives it: the browser drops a selection whose layer is gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import polars as pl
import pydeck as pdk
import streamlit as st

from dashboard.look import (
    FONTS,
    OWN_FONT,
    STATE_LABELS,
    STATE_REASONS,
    Look,
    channels,
    dark_ground,
    exact,
    mixed,
    number,
    parts,
    unit_of,
    with_unit,
)
from dashboard.views.classes import Classes, classify
from dashboard.views.columns import Column, flat_height, stand
from dashboard.views.map_layout import Label, Layout, Shape, hatch, lay_out, text_width
from data_access.boundaries import Boundary
from metrics.core.model import Metric

SOURCE = "数据来源：天地图；示意图，内部使用"
_RAISED = ":raised"
Row = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """How a figure stands to what is expected of it. ``side`` ▲ or ▼ outlines the region in the colour ``tone`` and is put
    behind its figure, ``words`` says in the legend what that means; ``note`` stands in the tooltip, also without a side."""

    side: Literal["", "▲", "▼"] = ""
    tone: Literal["worse", "better", "caution"] = "worse"
    words: str = ""
    note: str = ""


UNMARKED = Mark()


@dataclass(frozen=True)
class Place:
    """What the map needs to know of a region besides its figure. ``point``: longitude, latitude; ``change``: 环比、同比 in words."""

    name: str
    point: tuple[float, float] | None = None
    change: str = ""
    mark: Mark = UNMARKED


@dataclass(frozen=True)
class RegionMap:
    """The picture: ``deck`` None when no boundary is known; ``legend`` HTML for below; ``layer`` the clickable layer's id."""

    deck: pdk.Deck | None
    legend: str
    alt: str
    layer: str
    height: int


@dataclass(frozen=True)
class _Drawn:
    """Everything the layers are made of."""

    layout: Layout
    rows: Mapping[str, Row]
    places: Mapping[str, Place]
    classes: Classes
    metric: Metric
    look: Look
    factor: float
    columns: tuple[Column, ...] = ()
    own_font: bool = False


def build(
    frame: pl.DataFrame,
    metric: Metric,
    look: Look,
    *,
    places: Mapping[str, Place],
    boundaries: Mapping[str, Boundary],
    specials: tuple[Boundary, ...] = (),
    scope: str = "",
    selected: str | None = None,
    width: int = 560,
    height: int = 560,
    factor: float = 1.0,
    approval: str = "",
    columns: bool = False,
    own_font: bool = False,
) -> RegionMap:
    """The map of one period's observations: one row per region_code, columns value, numerator, denominator, state.

    ``width`` and ``height``: design px of the box at 1080 lines, both grow by ``factor``. ``scope``: the region whose parts
    are shown. ``approval``: the 审图号, empty where none was granted. ``columns``: seen aslant, with a column on every region.
    ``own_font``: see ``Screen``.
    """
    rows = {str(row["region_code"]): row for row in frame.iter_rows(named=True)}
    shaped = {code: boundary for code, boundary in boundaries.items() if code in rows}
    points = {code: places[code].point for code in rows if code not in shaped and code in places}
    known = {code: point for code, point in points.items() if point is not None}
    classes = classify([row["value"] for row in rows.values() if _plain(row)])
    sentence = alt(frame, metric, places)
    layer = f"regions:{scope}:{selected or ''}:{metric.key}:{'columns' if columns else 'flat'}"
    if not shaped and not known:
        return RegionMap(None, _nothing(rows, metric, places), sentence, layer, round(height * factor))
    words = {code: (_name(code, places), _label_value(row, metric) + _side(code, places)) for code, row in rows.items()}
    extra = {f"special:{unit.code}": unit for unit in specials}
    wide, tall = width * factor, height * factor
    standing: tuple[Column, ...] = ()
    if columns:
        flat = lay_out({**shaped, **extra}, known, {}, wide, flat_height(tall), factor, magnify=False)
        raised = stand(flat, tall, _heights(rows), words, factor)
        layout, standing = raised.layout, raised.columns
    else:
        layout = lay_out({**shaped, **extra}, known, words, wide, tall, factor)
    drawn = _Drawn(layout, rows, places, classes, metric, look, factor, standing, own_font)
    deck = _deck(drawn, layer, selected)
    schematic = any(boundary.schematic for boundary in shaped.values())
    missing = [code for code in rows if code not in shaped and code not in known]
    legend = _legend(drawn, missing, schematic, bool(known), bool(specials), approval)
    return RegionMap(deck, legend, sentence, layer, round(height * factor))


def _heights(rows: Mapping[str, Row]) -> dict[str, float]:
    """Each region's value as a share of the highest, from 0; a region without a value has none."""
    values = {code: max(row["value"], 0.0) for code, row in rows.items() if _plain(row)}
    highest = max(values.values(), default=0.0) or 1.0
    return {code: value / highest for code, value in values.items()}


def show(picture: RegionMap, *, key: str) -> str | None:
    """Draw map and legend; the code of the region clicked since the picture took this form, else None."""
    clicked = None
    if picture.deck is not None:
        state = st.pydeck_chart(
            picture.deck,
            key=key,
            height=picture.height,
            on_select="rerun",
            selection_mode="single-object",
            alt=picture.alt,
        )
        clicked = clicked_region(state, picture.layer)
    st.html(picture.legend)
    return clicked


def clicked_region(state: Mapping[str, Any], layer: str) -> str | None:
    """The region_code selected in that layer of a pydeck selection state."""
    selection = state.get("selection") or {}
    objects = selection.get("objects") or {}
    for found in [*(objects.get(layer) or []), *(objects.get(f"{layer}{_RAISED}") or [])]:
        properties = found.get("properties") or {}
        code = properties.get("region_code")
        return str(code) if code else None
    return None


def alt(frame: pl.DataFrame, metric: Metric, places: Mapping[str, Place]) -> str:
    """The map as one sentence: the highest, the lowest, and how many have no figure."""
    plain = sorted(
        (row for row in frame.iter_rows(named=True) if _plain(row)), key=lambda row: (-row["value"], row["region_code"])
    )
    without = frame.height - len(plain)
    rest = f"；{without} 个区划无可比数值" if without else ""
    if not plain:
        return f"{metric.label}地图：没有可显示的数值{rest}。"
    high, low = plain[0], plain[-1]
    said = f"最高{_name(high['region_code'], places)} {with_unit(high['value'], metric)}"
    if len(plain) > 1:
        said += f"，最低{_name(low['region_code'], places)} {with_unit(low['value'], metric)}"
    return f"{metric.label}地图：{said}{rest}。"


def _plain(row: Row) -> bool:
    return row["state"] == "ok" and row["value"] is not None


def _name(code: str, places: Mapping[str, Place]) -> str:
    return places[code].name if code in places else code


def _label_value(row: Row, metric: Metric) -> str:
    if not _plain(row):
        return STATE_LABELS.get(row["state"], STATE_LABELS["undefined"])
    return number(row["value"], metric) + ("%" if metric.percent else "")


def _side(code: str, places: Mapping[str, Place]) -> str:
    mark = places[code].mark if code in places else UNMARKED
    return f" {mark.side}" if mark.side else ""


# Layers -----------------------------------------------------------------------------------------------------------


def _deck(drawn: _Drawn, layer: str, selected: str | None) -> pdk.Deck:
    layout = drawn.layout
    layers = [*_inset_frame(drawn), *_special_layer(drawn), _region_layer(drawn, layer), *_hatch_layer(drawn)]
    layers += [*_outline_layer(drawn), *_column_layer(drawn, layer)]
    layers += [*_selection_layer(drawn, selected), *_label_layers(drawn)]
    return pdk.Deck(
        layers=layers,
        views=[pdk.View("OrthographicView", controller=False, id="map")],
        initial_view_state=pdk.ViewState(
            longitude=None, latitude=None, zoom=0, target=[layout.width / 2, layout.height / 2, 0]
        ),
        map_provider=None,
        tooltip=_tooltip(drawn.look, drawn.factor),
    )


def _coordinates(shape: Shape) -> list[list[list[list[float]]]]:
    return [[[[round(float(x), 1), round(float(y), 1)] for x, y in ring] for ring in polygon] for polygon in shape]


def _feature(shape: Shape, properties: Row) -> Row:
    return {
        "type": "Feature",
        "geometry": {"type": "MultiPolygon", "coordinates": _coordinates(shape)},
        "properties": properties,
    }


def _circle(x: float, y: float, properties: Row) -> Row:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(x, 1), round(y, 1)]},
        "properties": properties,
    }


def _region_layer(drawn: _Drawn, layer: str) -> pdk.Layer:
    layout = drawn.layout
    shapes = [(code, shape) for code, shape in layout.shapes.items() if code in drawn.rows]
    shapes += list(layout.inset.shapes.items()) if layout.inset else []
    features = [_feature(shape, _properties(code, drawn)) for code, shape in shapes]
    features += [_circle(x, y, _properties(code, drawn)) for code, (x, y) in layout.points.items()]
    return _clickable(features, layer, drawn, stroked=True)


def _column_layer(drawn: _Drawn, layer: str) -> list[pdk.Layer]:
    """A layer of their own: within one, the borders of the ground would be drawn over the columns."""
    faces = [face for column in drawn.columns for face in _faces(column, drawn)]
    return [_clickable(faces, f"{layer}{_RAISED}", drawn, stroked=False)] if faces else []


def _clickable(features: list[Row], layer: str, drawn: _Drawn, *, stroked: bool) -> pdk.Layer:
    return pdk.Layer(
        "GeoJsonLayer",
        features,
        id=layer,
        pickable=True,
        stroked=stroked,
        filled=True,
        get_fill_color="properties.fill",
        get_line_color=[*channels(drawn.look.border), 255],
        get_line_width=1.2 * drawn.factor,
        line_width_units=pdk.types.String("pixels"),
        get_point_radius=8 * drawn.factor,
        point_radius_units=pdk.types.String("pixels"),
        auto_highlight=True,
        highlight_color=[255, 255, 255, 40] if drawn.look.name == "dark" else [23, 34, 47, 28],
    )


def _faces(column: Column, drawn: _Drawn) -> list[Row]:
    """The three faces of a column, lit from above on the left."""
    properties = _properties(column.code, drawn)
    colour = drawn.look.accent
    shades = (
        (column.front, colour),
        (column.side, mixed(colour, "#000000", 0.28)),
        (column.top, mixed(colour, "#ffffff", 0.28)),
    )
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[[round(x, 1), round(y, 1)] for x, y in ring]]},
            "properties": {**properties, "fill": [*channels(shade), 255]},
        }
        for ring, shade in shades
    ]


def _properties(code: str, drawn: _Drawn) -> Row:
    row, metric = drawn.rows[code], drawn.metric
    plain = _plain(row)
    value = f"{metric.label} {exact(row['value'], metric)}{_unit(metric)}" if plain else _state_line(row, metric)
    counted = parts(row["numerator"], row["denominator"]) if row["state"] in ("ok", "small_n") else ""
    place = drawn.places.get(code)
    return {
        "region_code": code,
        "fill": [*channels(_fill(row, drawn)), 255],
        "name": _safe(_name(code, drawn.places)),
        "value": _safe(value),
        "parts": f"分子/分母 {counted}" if counted else "",
        "change": _safe(place.change) if place and plain else "",
        "note": _safe(place.mark.note) if place else "",
    }


def _fill(row: Row, drawn: _Drawn) -> str:
    if not _plain(row):
        return drawn.look.quiet
    if drawn.columns:
        # The ground is ground: what is said is said by the height.
        return drawn.look.scale[0]
    return drawn.look.scale[_shade(drawn.classes.index(row["value"]), drawn.classes)]


def _state_line(row: Row, metric: Metric) -> str:
    state = row["state"] if row["state"] in STATE_LABELS else "undefined"
    return f"{metric.label} {STATE_LABELS[state]}（{STATE_REASONS[state]}）"


def _unit(metric: Metric) -> str:
    unit = unit_of(metric)
    return unit if unit in ("", "%") else f" {unit}"


def _safe(text: str) -> str:
    # deck.gl's JSON reader would take a text that begins so for an expression.
    return text.replace("@@", "＠＠").replace("{", "｛").replace("}", "｝")


def _shade(index: int, classes: Classes) -> int:
    """Few classes are spread over the five shades, so that the highest is always the strongest."""
    count = len(classes.bounds)
    return 2 if count == 1 else round(index * 4 / (count - 1))


def _hatch_layer(drawn: _Drawn) -> list[pdk.Layer]:
    layout = drawn.layout
    shapes = [*layout.shapes.items(), *(layout.inset.shapes.items() if layout.inset else [])]
    doubtful = [shape for code, shape in shapes if code in drawn.rows and drawn.rows[code]["state"] == "small_n"]
    lines = [
        {"from": [round(one[0], 1), round(one[1], 1)], "to": [round(two[0], 1), round(two[1], 1)]}
        for shape in doubtful
        for one, two in hatch(shape, 6 * drawn.factor)
    ]
    if not lines:
        return []
    colour = [*channels(drawn.look.secondary), 130]
    return [
        pdk.Layer(
            "LineLayer",
            lines,
            id="hatch",
            get_source_position="from",
            get_target_position="to",
            get_color=colour,
            get_width=1,
        )
    ]


def _special_layer(drawn: _Drawn) -> list[pdk.Layer]:
    shapes = [shape for code, shape in drawn.layout.shapes.items() if code.startswith("special:")]
    if not shapes:
        return []
    look, properties = drawn.look, {"name": "不属任何县区的区域"}
    features = [_feature(shape, properties) for shape in shapes]
    fill, line = [*channels(look.line), 255], [*channels(look.panel), 255]
    return [pdk.Layer("GeoJsonLayer", features, id="special", get_fill_color=fill, get_line_color=line, pickable=False)]


def _selection_layer(drawn: _Drawn, selected: str | None) -> list[pdk.Layer]:
    layout = drawn.layout
    shapes = [layout.shapes.get(selected or ""), layout.inset.shapes.get(selected or "") if layout.inset else None]
    features = [_feature(shape, {}) for shape in shapes if shape is not None]
    if not features:
        return []
    return [
        pdk.Layer(
            "GeoJsonLayer",
            features,
            id="selected",
            filled=False,
            stroked=True,
            pickable=False,
            get_line_color=[*channels(drawn.look.text), 255],
            get_line_width=3 * drawn.factor,
            line_width_units=pdk.types.String("pixels"),
            line_joint_rounded=True,
        )
    ]


def _outline_layer(drawn: _Drawn) -> list[pdk.Layer]:
    """The regions whose figure lies outside what is expected, each in the colour of its mark."""
    layout = drawn.layout
    shapes = [*layout.shapes.items(), *(layout.inset.shapes.items() if layout.inset else [])]
    marks = {code: place.mark for code, place in drawn.places.items() if place.mark.side}
    features = [
        _feature(shape, {"line": [*channels(getattr(drawn.look, marks[code].tone)), 255]})
        for code, shape in shapes
        if code in marks
    ]
    if not features:
        return []
    return [
        pdk.Layer(
            "GeoJsonLayer",
            features,
            id="outlined",
            filled=False,
            stroked=True,
            pickable=False,
            get_line_color="properties.line",
            get_line_width=3 * drawn.factor,
            line_width_units=pdk.types.String("pixels"),
            line_joint_rounded=True,
        )
    ]


def _inset_frame(drawn: _Drawn) -> list[pdk.Layer]:
    inset = drawn.layout.inset
    if inset is None:
        return []
    paths: list[Row] = []
    for box in (inset.frame, inset.source):
        corners = [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]]
        paths.append({"path": [*corners, corners[0]]})
    return _lines("inset", paths, drawn, 120)


def _lines(name: str, paths: list[Row], drawn: _Drawn, strength: int) -> list[pdk.Layer]:
    """Thin lines; ``strength`` 0–255."""
    return [
        pdk.Layer(
            "PathLayer",
            paths,
            id=name,
            get_path="path",
            get_color=[*channels(drawn.look.secondary), strength],
            get_width=drawn.factor,
            width_units=pdk.types.String("pixels"),
            pickable=False,
        )
    ]


def _label_layers(drawn: _Drawn) -> list[pdk.Layer]:
    """Names and values, light text on dark fills and dark on light ones; a layer has one weight and one outline."""
    texts: dict[tuple[int, bool], list[Row]] = {}
    for label in drawn.layout.labels:
        light = _light_ink(label, drawn)
        lift = label.size * 0.62 if label.value else 0.0
        texts.setdefault((500, light), []).append(_text(label.name, label.x, label.y - lift, label.size))
        word = label.value in STATE_LABELS.values()
        if label.value:
            below = _text(label.value, label.x, label.y + label.size * 0.62, label.size * (0.85 if word else 1.12))
            texts.setdefault((500 if word else 700, light), []).append(below)
    return [
        *_leaders(drawn),
        *[
            _text_layer(f"{weight}-{'light' if light else 'dark'}", rows, weight, light, drawn)
            for (weight, light), rows in sorted(texts.items())
        ],
        *_inset_title(drawn),
    ]


def _light_ink(label: Label, drawn: _Drawn) -> bool:
    """By the region's own colour; a label that reaches beyond it on a dark page stays light, as the page asks."""
    if (
        drawn.columns
        or label.leader
        or label.code in drawn.layout.points
        or (drawn.look.name == "dark" and not label.inside)
    ):
        return drawn.look.name == "dark"
    return dark_ground(_fill(drawn.rows[label.code], drawn))


def _leaders(drawn: _Drawn) -> list[pdk.Layer]:
    """The lines from labels beside the map to their regions, from the edge of the label that is nearer."""
    paths = []
    for label in drawn.layout.labels:
        if label.leader is None:
            continue
        x, y = label.leader
        half = text_width(label.name, label.size) / 2 + 3 * drawn.factor
        start = label.x - half if x < label.x - half else label.x + half if x > label.x + half else label.x
        level = label.y if start != label.x else label.y + math.copysign(label.size * 0.7, y - label.y)
        paths.append({"path": [[round(start, 1), round(level, 1)], [round(x, 1), round(y, 1)]]})
    return _lines("leaders", paths, drawn, 230) if paths else []


def _inset_title(drawn: _Drawn) -> list[pdk.Layer]:
    inset = drawn.layout.inset
    if inset is None:
        return []
    size = 14 * drawn.factor
    title = _text(
        "城区放大", inset.frame.left + 12 * drawn.factor + 2 * size, inset.frame.top + 17 * drawn.factor, size
    )
    return [_text_layer("inset", [title], 400, drawn.look.name == "dark", drawn)]


def _text(text: str, x: float, y: float, size: float) -> Row:
    return {"text": _safe(text), "at": [round(x, 1), round(y, 1)], "size": round(size, 1)}


def _text_layer(name: str, texts: list[Row], weight: int, light: bool, drawn: _Drawn) -> pdk.Layer:
    # An explicit set of characters: "auto" breaks Chinese, and it must not be empty.
    signs = "".join(sorted({sign for text in texts for sign in text["text"]})) or " "
    text, halo = _inks(drawn.look)[light]
    return pdk.Layer(
        "TextLayer",
        texts,
        id=f"labels-{name}",
        get_text="text",
        get_position="at",
        get_size="size",
        get_color=[*channels(text), 255],
        size_units=pdk.types.String("pixels"),
        font_family=pdk.types.String(_fonts(drawn)),
        font_weight=weight,
        character_set=pdk.types.String(signs),
        font_settings={"sdf": True, "fontSize": 48, "buffer": 8, "radius": 10, "cutoff": 0.2},
        outline_width=5,
        outline_color=[*channels(halo), 235],
        pickable=False,
    )


def _fonts(drawn: _Drawn) -> str:
    """By another name the browser draws its letters anew, now that the bundled font is there."""
    return (f"'{OWN_FONT}', " if drawn.own_font else "") + FONTS.replace('"', "'")


def _inks(look: Look) -> dict[bool, tuple[str, str]]:
    """Text and its outline, for dark (True) and light fills (False)."""
    if look.name == "dark":
        return {True: ("#ffffff", look.ground), False: (look.ground, look.scale[4])}
    return {True: ("#ffffff", look.scale[4]), False: (look.text, "#ffffff")}


def _tooltip(look: Look, factor: float) -> dict[str, object]:
    quiet = f"color:{look.secondary}"
    html = "<div style='font-weight:700'>{name}</div><div>{value}</div>"
    html += f"<div style='{quiet}'>{{parts}}</div><div style='{quiet}'>{{change}}</div>"
    html += f"<div style='{quiet}'>{{note}}</div>"
    style = {
        "backgroundColor": look.panel,
        "color": look.text,
        "border": f"1px solid {look.accent}",
        "borderRadius": "0.5rem",
        "padding": "0.6rem 0.85rem",
        "fontFamily": FONTS.replace('"', "'"),
        "fontSize": f"{15 * factor:g}px",
        "lineHeight": "1.6",
        "whiteSpace": "nowrap",
    }
    return {"html": html, "style": style}


# Words under the map ----------------------------------------------------------------------------------------------


def _legend(drawn: _Drawn, missing: list[str], schematic: bool, points: bool, specials: bool, approval: str) -> str:
    metric = drawn.metric
    marks = [] if drawn.columns else _class_marks(drawn)
    marks += [*_outline_marks(drawn), *_state_marks(drawn)]
    marks += ["<span><i class='round'></i>圆点：无边界，只有位置</span>"] if points else []
    marks += ["<span><i class='grey'></i>不属任何县区</span>"] if specials else []
    unit = f"单位：{escape(unit_of(metric))}，" if unit_of(metric) else ""
    method = "柱高与数值成正比" if drawn.columns else drawn.classes.method
    how = f"<span>{unit}{method}</span>" if drawn.classes.bounds else ""
    notes = ["乡镇多边形为示意，不是行政区域界线。"] if schematic else []
    notes += [_missing_words(missing, drawn.rows, metric, drawn.places)] if missing else []
    lines = "".join(f"<div class='yp-source'>{note}</div>" for note in [*notes, source_line(approval)])
    return f"<div class='yp-legend'>{''.join(marks)}{how}</div>{lines}"


def _class_marks(drawn: _Drawn) -> list[str]:
    return [
        f"<span><i style='background:{drawn.look.scale[_shade(index, drawn.classes)]}'></i>{_range(low, high, drawn.metric)}</span>"
        for index, (low, high) in enumerate(drawn.classes.bounds)
    ]


def _outline_marks(drawn: _Drawn) -> list[str]:
    marks = [drawn.places[code].mark for code in drawn.rows if code in drawn.places]
    known = dict.fromkeys((mark.tone, mark.side, mark.words) for mark in marks if mark.side)
    return [
        f"<span><i style='background:none;border:2px solid {getattr(drawn.look, tone)}'></i>{side} {escape(words)}</span>"
        for tone, side, words in known
    ]


def source_line(approval: str = "") -> str:
    """The line every map carries, with the 审图号 where one was granted (HTML)."""
    return SOURCE + (f"；审图号：{escape(approval)}" if approval else "")


def _range(low: float, high: float, metric: Metric) -> str:
    first, last = number(low, metric), number(high, metric)
    return first if first == last else f"{first}–{last}"


def _state_marks(drawn: _Drawn) -> list[str]:
    codes = [code for code in drawn.rows if code in drawn.layout.shapes or code in drawn.layout.points]
    states = {
        drawn.rows[code]["state"] if drawn.rows[code]["state"] != "ok" else ""
        for code in codes
        if not _plain(drawn.rows[code])
    }
    return [
        f"<span><i class='{'hatched' if state == 'small_n' else 'grey'}'></i>{STATE_LABELS[state]}</span>"
        for state in STATE_LABELS
        if state in states
    ]


def _missing_words(codes: list[str], rows: Mapping[str, Row], metric: Metric, places: Mapping[str, Place]) -> str:
    said = [f"{_name(code, places)} {_label_value(rows[code], metric)}" for code in codes]
    return "无边界，未画出：" + escape("、".join(said)) + "。"


def _nothing(rows: Mapping[str, Row], metric: Metric, places: Mapping[str, Place]) -> str:
    how = (
        "本级没有边界文件，不能画图。可把 GeoJSON 放到配置目录的 boundaries 文件夹，要素编号为区划代码前 6 位或 9 位。"
    )
    return f"<div class='yp-quiet'>{how}</div><div class='yp-quiet'>{_missing_words(list(rows), rows, metric, places)}</div>"
