"""What the browser says of the words on a page: which overlap, and which are cut off. Shadow trees and drawings included."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Every visible piece of text with its box and owner; nothing of what is a pixel small, hidden, or a pictogram.
_PIECES = """
const pieces = []
const skipped = "[data-testid=stIconMaterial], [data-testid=stSkipToContent], style, script, title"
const visible = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }
const parentOf = (node) => node.parentElement ?? node.getRootNode()?.host ?? null
function collect(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    if (node.shadowRoot) collect(node.shadowRoot)
    if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) continue
    const owner = node.parentElement
    if (!owner || owner.closest(skipped) || !owner.checkVisibility(visible)) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const box of range.getClientRects()) {
      if (box.width > 2 && box.height > 2) pieces.push({ text: node.textContent.trim().slice(0, 40), box, owner })
    }
  }
}
collect(document.querySelector("[data-testid=stAppViewContainer]") ?? document.body)
"""

_OVERLAPS = (
    "() => {"
    + _PIECES
    + """
// The cut of a box by everything around it that scrolls or clips: what is scrolled away overlaps nothing.
function seen(piece) {
  let { left, top, right, bottom } = piece.box
  for (let one = parentOf(piece.owner); one; one = parentOf(one)) {
    if (getComputedStyle(one).overflow === "visible") continue
    const box = one.getBoundingClientRect()
    left = Math.max(left, box.left); right = Math.min(right, box.right)
    top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom)
  }
  return { ...piece, left, top, right, bottom }
}
// The list that a piece is pinned to the edge of: its ground hides what is scrolled under it.
function pinned(piece) {
  for (let one = piece.owner; one; one = one.parentElement) {
    if (getComputedStyle(one).position === "sticky") return one.closest(".scroll")
  }
  return null
}
function hides(one, other) {
  const list = pinned(one)
  return list !== null && pinned(other) === null && other.owner.closest(".scroll") === list
}
const all = pieces.map(seen).filter((one) => one.right - one.left > 2 && one.bottom - one.top > 2)
const found = []
for (let i = 0; i < all.length; i += 1) {
  for (let j = i + 1; j < all.length; j += 1) {
    const a = all[i], b = all[j]
    if (a.owner === b.owner) continue
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left)
    const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
    const least = Math.min((a.right - a.left) * (a.bottom - a.top), (b.right - b.left) * (b.bottom - b.top))
    if (wide > 2 && tall > 0.3 * Math.min(a.bottom - a.top, b.bottom - b.top) && wide * tall > 0.12 * least) {
      if (!hides(a, b) && !hides(b, a)) found.push(`${a.text} × ${b.text}`)
    }
  }
}
return found.slice(0, 20)
}"""
)

_CUT = (
    "() => {"
    + _PIECES
    + """
const found = new Set()
for (const { text, box, owner } of pieces) {
  // What was pushed aside as a whole, such as a closed drawer, is not cut off.
  if (box.right < 0) continue
  let scrolled = false
  for (let one = owner; one; one = parentOf(one)) {
    const style = getComputedStyle(one)
    if (style.overflowX === "visible" && style.overflowY === "visible") continue
    const around = one.getBoundingClientRect()
    const scrollsDown = /auto|scroll/.test(style.overflowY)
    const scrollsAside = /auto|scroll/.test(style.overflowX)
    const out = (!scrollsAside && (box.right > around.right + 2 || box.left < around.left - 2))
      || (!scrollsDown && (box.bottom > around.bottom + 3 || box.top < around.top - 3))
    // What is shortened with an ellipsis and told whole on hover is a choice, not an accident.
    const told = style.textOverflow === "ellipsis" && [owner, one, one.parentElement].some((node) => (node?.title || "").includes(text))
    if (out && !told) found.add(text)
    scrolled = scrollsAside && one.scrollWidth > one.clientWidth
    if (scrollsDown || scrollsAside) break
  }
  if (!scrolled && !(owner.closest("svg")) && (box.right > innerWidth + 1 || box.left < -1)) found.add(text)
}
return [...found].slice(0, 20)
}"""
)


def overlapping(page: Page) -> list[str]:
    """Pairs of texts that lie over one another by an eighth of the smaller and a third of a line."""
    found: list[str] = page.evaluate(_OVERLAPS)
    return found


def cut_off(page: Page) -> list[str]:
    """Texts that reach beyond a box that clips them, or beyond the window."""
    found: list[str] = page.evaluate(_CUT)
    return found
