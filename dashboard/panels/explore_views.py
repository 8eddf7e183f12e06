"""Ready questions in a row, and the views saved by name: opened, saved, renamed, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import exploring, saved_views, steps
from dashboard.address import AS_SEEN
from dashboard.page import Page
from dashboard.saved_views import Refused, SavedView
from metrics.registry import metrics

_SAID, _DOING, _NAME, _NEW_NAME = "yp-views-said", "yp-views-doing", "yp-view-name", "yp-view-new-name"


def row(page: Page) -> None:
    """The ready questions of the region and the saved views."""
    with st.container(key="yp-ready", horizontal=True, vertical_alignment="center", gap="xxsmall"):
        st.html('<span class="yp-quiet">常用分析</span>', width="content")
        for ready, query in exploring.ready_for(metrics(), page.tree, page.region):
            span = ready.span(page.business_date)
            selection = replace(page.asking(query), span=span, where=())
            st.button(
                ready.label,
                key=f"ready-{ready.label}",
                type="primary" if selection == page.selection else "secondary",
                on_click=steps.write,
                args=(selection, page.default),
            )
        _saved(page)


def _saved(page: Page) -> None:
    views, damaged = saved_views.saved()
    words = saved_words(page)
    shown = next((view for view in views if dict(view.words) == words), None)
    with st.popover(f"已存视图（{len(views)}）", key="yp-views"):
        _save_form(page, views)
        tone, said = st.session_state.pop(_SAID, ("", ""))
        if said:
            st.html(f'<p class="{tone}" role="status">{escape(said)}</p>')
        for view in views:
            _line(page, view, view == shown)
        if not views:
            st.html('<p class="yp-quiet">还没有已存视图。先选好指标、期间和筛选，再起名保存，以后一点即开。</p>')
        if damaged:
            st.caption(f"有 {damaged} 个视图文件已损坏，已略过；请管理员查看状态目录的 views。")


def saved_words(page: Page) -> dict[str, tuple[str, ...]]:
    """The words of the page's address as a view keeps them: a question, asked of whichever snapshot."""
    words = replace(page.selection, snapshot=None).words(page.default)
    return {name: (value,) if isinstance(value, str) else tuple(value) for name, value in words.items()}


# Saving -----------------------------------------------------------------------------------------------------------------


def _save_form(page: Page, views: list[SavedView]) -> None:
    words = {name: list(values) for name, values in saved_words(page).items()}
    stamps = {view.name: view.stamp for view in views}
    doing = st.session_state.get(_DOING, ("", ""))

    def save() -> None:
        name = st.session_state[_NAME]
        known = next((view for view in views if view.name == name.strip()), None)
        if known is not None:
            st.session_state[_DOING] = ("replace", known.name)
            return
        _try(lambda: saved_views.save(name, words), "已保存")

    def replace_it() -> None:
        name = doing[1]
        _try(lambda: saved_views.save(name, words, stamps.get(name)), "已覆盖")

    if doing[0] == "replace" and doing[1] in stamps:
        _confirm(f"已有「{doing[1]}」，用现在的条件覆盖它？", "覆盖", replace_it)
        return
    with st.form(key="save-view", border=False, clear_on_submit=False), st.container(key="yp-save", horizontal=True):
        st.text_input(
            "给现在的视图起名",
            key=_NAME,
            max_chars=saved_views.MOST_LETTERS,
            placeholder="给现在的视图起名",
            label_visibility="collapsed",
        )
        st.form_submit_button("保存", on_click=save)
    st.html(
        '<p class="yp-quiet yp-hint">存的是条件，不是数据；所有使用者都能看到。期间为默认的本月时，视图随日期更新。</p>'
    )


def _line(page: Page, view: SavedView, shown: bool) -> None:
    kind, name = st.session_state.get(_DOING, ("", ""))
    if name == view.name and kind == "delete":
        _confirm(
            f"删除「{name}」？删除后不能恢复。",
            "删除",
            lambda: _change(page, lambda: saved_views.delete(view), "已删除"),
        )
        return
    if name == view.name and kind == "rename":
        _rename_form(page, view)
        return
    with st.container(key=f"yp-saved-{view.stamp[:12]}", horizontal=True, vertical_alignment="center", gap="xxsmall"):
        st.button(
            f"{'✓ ' if shown else ''}{view.name}",
            key=f"open-{view.stamp}",
            type="tertiary",
            on_click=_open,
            args=(view,),
            width="stretch",
        )
        st.button("改名", key=f"rename-{view.stamp}", type="tertiary", on_click=_do, args=("rename", view.name))
        st.button("删除", key=f"delete-{view.stamp}", type="tertiary", on_click=_do, args=("delete", view.name))


def _rename_form(page: Page, view: SavedView) -> None:
    with st.form(key="rename-view", border=False), st.container(key="yp-rename", horizontal=True):
        st.text_input(
            "新名称", view.name, key=_NEW_NAME, max_chars=saved_views.MOST_LETTERS, label_visibility="collapsed"
        )
        st.form_submit_button(
            "改名",
            on_click=lambda: _change(page, lambda: saved_views.rename(view, st.session_state[_NEW_NAME]), "已改名"),
        )
        st.form_submit_button("取消", type="tertiary", on_click=_do, args=("", ""))


def _confirm(question: str, word: str, on_click: Callable[[], None]) -> None:
    st.html(f"<p><b>{escape(question)}</b></p>")
    with st.container(key="yp-confirm", horizontal=True, gap="xsmall"):
        st.button(word, key="confirm-view", type="primary", on_click=on_click)
        st.button("取消", key="keep-view", on_click=_do, args=("", ""))


def _open(view: SavedView) -> None:
    """One step of the address: the view's words and its name."""
    _do("", "")
    seen = {name: st.query_params.get_all(name) for name in AS_SEEN if name in st.query_params}
    st.query_params.from_dict(
        seen | {name: list(values) for name, values in view.words.items()} | {saved_views.WORD: view.name}
    )


def _change(page: Page, change: Callable[[], object], done: str) -> None:
    """Change a view that may be the one shown: the address then says itself what is shown, and no longer by its name."""
    if saved_views.WORD in st.query_params:
        steps.write(page.selection, page.default)
    _try(change, done)


def _do(kind: str, name: str) -> None:
    st.session_state[_DOING] = (kind, name)


def _try(change: Callable[[], object], done: str) -> None:
    """Make the change and say that it is done, or why it was refused."""
    try:
        change()
    except Refused as refused:
        st.session_state[_SAID] = ("yp-fault", str(refused))
    except OSError:
        st.session_state[_SAID] = ("yp-fault", "状态目录写不进去，请告诉管理员")
    else:
        st.session_state[_SAID] = ("yp-quiet yp-hint", done)
        st.session_state[_NAME] = ""
    _do("", "")
