"""A vector pen on a square canvas: coordinates from -1 to 1, y downwards, whatever the number of pixels."""

import math

from PIL import Image, ImageDraw

# Drawn this many times larger and scaled down, which is what smooths the edges.
OVERSAMPLING = 4

RED, BLUE, YELLOW = (196, 22, 34), (18, 84, 168), (250, 196, 10)
WHITE, BLACK, GREY, GREEN = (244, 244, 240), (22, 22, 24), (120, 120, 120), (0, 140, 70)


class Pen:
    """Draws filled shapes and strokes; outside of them the canvas is transparent."""

    def __init__(self, size):
        self.pixels = size * OVERSAMPLING
        self.image = Image.new("RGBA", (self.pixels, self.pixels), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def finish(self):
        return self.image.reduce(OVERSAMPLING)

    def _at(self, point):
        return tuple((value + 1) / 2 * self.pixels for value in point)

    def polygon(self, points, color):
        self.draw.polygon([self._at(point) for point in points], fill=color)

    def disc(self, center, radius, color, squeeze=1.0):
        """A disc; `squeeze` is its width over its height."""
        (x, y), width = center, radius * squeeze
        self.draw.ellipse([*self._at((x - width, y - radius)), *self._at((x + width, y + radius))], fill=color)

    def ring(self, center, radius, width, color, squeeze=1.0, start=0, end=360):
        """A part of a circle's line, of the given width; angles in degrees, clockwise from the right."""
        x, y = center
        angles = [math.radians(start + (end - start) * i / 48) for i in range(49)]
        self.stroke([(x + radius * squeeze * math.cos(a), y + radius * math.sin(a)) for a in angles], width, color)

    def box(self, left, top, right, bottom, color):
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], color)

    def stroke(self, points, width, color):
        """A line with round ends and corners."""
        scaled = [self._at(point) for point in points]
        self.draw.line(scaled, fill=color, width=max(1, round(width / 2 * self.pixels)), joint="curve")
        radius = width / 4 * self.pixels
        for x, y in (scaled[0], scaled[-1]):
            self.draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)

    def arrow(self, points, width, color):
        """A stroke that ends in an arrow head."""
        (x0, y0), (x1, y1) = points[-2:]
        length = math.hypot(x1 - x0, y1 - y0)
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        head = 1.5 * width
        base = (x1 - ux * head, y1 - uy * head)
        self.stroke([*points[:-1], base], width, color)
        self.polygon(
            [(x1, y1), (base[0] - uy * head, base[1] + ux * head), (base[0] + uy * head, base[1] - ux * head)],
            color,
        )


# Characters as strokes in a box from (0, 0) to (1, 2): polylines, and (x, y, radius, squeeze, start, end) for arcs.
GLYPHS = {
    "0": [[(0, 0.5), (0, 1.5)], (0.5, 0.5, 0.5, 1, 180, 360), [(1, 0.5), (1, 1.5)], (0.5, 1.5, 0.5, 1, 0, 180)],
    "1": [[(0.1, 0.5), (0.6, 0), (0.6, 2)]],
    "2": [(0.5, 0.5, 0.5, 1, 180, 380), [(0.97, 0.7), (0, 2), (1, 2)]],
    "3": [(0.5, 0.5, 0.5, 1, 190, 450), (0.5, 1.5, 0.5, 1, -90, 170)],
    "5": [[(0.95, 0), (0.1, 0), (0.05, 0.9)], (0.45, 1.4, 0.6, 0.9, -125, 150)],
    "6": [(0.5, 1.45, 0.55, 0.9, 0, 360), [(0.05, 1.3), (0.15, 0.7), (0.7, 0)]],
    "7": [[(0, 0), (1, 0), (0.4, 2)]],
    "8": [(0.5, 0.5, 0.5, 0.9, 0, 360), (0.5, 1.5, 0.5, 1, 0, 360)],
    "S": [(0.5, 0.5, 0.5, 1, 90, 340), (0.5, 1.5, 0.5, 1, -90, 160)],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 2)]],
    "O": [(0.5, 1, 1, 0.5, 0, 360)],
    "P": [[(0, 2), (0, 0), (0.5, 0)], (0.5, 0.5, 0.5, 1, -90, 90), [(0.5, 1), (0, 1)]],
}


def write(pen, text, height, width, weight, color):
    """Text around the middle of the canvas: `width` is that of a character, `weight` that of its strokes."""
    advance = width + 1.6 * weight
    left = -(advance * len(text) - 1.6 * weight) / 2
    for index, character in enumerate(text):
        x0, y0, unit = left + index * advance, -height / 2, height / 2
        for part in GLYPHS[character]:
            if isinstance(part, list):
                pen.stroke([(x0 + x * width, y0 + y * unit) for x, y in part], weight, color)
            else:
                x, y, radius, squeeze, start, end = part
                pen.ring(
                    (x0 + x * width, y0 + y * unit), radius * unit, weight, color, squeeze * width / unit, start, end
                )
