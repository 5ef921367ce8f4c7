"""What a browser can measure of a page's looks."""

from playwright.sync_api import Page


def overflowing(page: Page) -> list[str]:
    """The elements that make the page scroll sideways; empty when it does not."""
    found: list[str] = page.evaluate(_OVERFLOWING)
    return found


def is_dark(page: Page) -> bool:
    """Whether the page's background is nearer to black than to white."""
    return bool(page.evaluate(f"{_COLOURS} luminance(backdrop(document.body)) < 0.2"))


def faint_texts(page: Page) -> list[str]:
    """Visible texts with less contrast than WCAG AA asks for (4.5, large ones 3), as `ratio: text`."""
    found: list[str] = page.evaluate(f"{_COLOURS} {_FAINT}")
    return found


_OVERFLOWING = """() => {
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth <= clientWidth) return []
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 0.5)
    .map((element) => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`)
}"""

# Colours are read through a canvas, which knows every way of writing them.
_COLOURS = """
  const paint = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1)
    paint.fillStyle = colour
    paint.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1)
  const ancestors = (element) => (element ? [element, ...ancestors(element.parentElement)] : [])
  const backdrop = (element) =>
    ancestors(element)
      .reverse()
      .map((each) => rgba(getComputedStyle(each).backgroundColor))
      .reduce((below, top) => over(top, below), [255, 255, 255, 1])
  const luminance = (colour) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    const [r, g, b] = colour.map((c) => linear(c / 255))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (high + 0.05) / (low + 0.05)
  };
"""

_FAINT = """
  [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
    .filter((element) => !element.closest('[disabled], [aria-disabled=true], .Mui-disabled, noscript'))
    .flatMap((element) => {
      const style = getComputedStyle(element)
      const below = backdrop(element)
      const ratio = contrast(over(rgba(style.color), below), below)
      const size = parseFloat(style.fontSize)
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700)
      return ratio < (large ? 3 : 4.5) ? [`${ratio.toFixed(2)}: ${element.textContent.slice(0, 40)}`] : []
    })
"""
