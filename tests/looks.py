"""What can be measured about a page: contrast of every text, accessibility, what is visible."""

from __future__ import annotations

from pathlib import Path

CONTRAST = """(root) => {
  const parse = (text) => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return {rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1};
  };
  const over = (top, alpha, below) => below.map((part, at) => top[at] * alpha + part * (1 - alpha));
  const page = (element) => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(at);
    return chain.reduce((below, at) => {
      const {rgb, alpha} = parse(getComputedStyle(at).backgroundColor);
      return over(rgb, alpha, below);
    }, [255, 255, 255]);
  };
  const light = (rgb) => rgb.map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const rows = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    const box = element.getBoundingClientRect();
    if (!text || !box.width || !box.height) continue;
    const ground = page(element);
    const {rgb, alpha} = parse(getComputedStyle(element).color);
    let opacity = alpha;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const [one, two] = [light(over(rgb, opacity, ground)), light(ground)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    rows.push({text: text.slice(0, 60), ratio});
  }
  return rows;
}"""
"""Text and contrast (WCAG 2.1, 1.4.3) of every visible piece of text below an element, opacity included."""

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def contrasts(locator) -> list[dict]:
    return locator.evaluate(CONTRAST)


def violations(page, selector: str) -> list[str]:
    """What axe-core says about everything that matches, as "rule: markup"."""
    import axe_playwright_python

    if not page.evaluate("() => 'axe' in window"):
        page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8"))
    run = "async ([where, tags]) => (await axe.run(where, {runOnly: {type: 'tag', values: tags}})).violations"
    found = page.evaluate(run, [selector, TAGS])
    return [f"{row['id']}: {node['html'][:120]}" for row in found for node in row["nodes"]]
