"""The 43 signs: shapes, colours and pictograms of the Vienna Convention on Road Signs and Signals, drawn from scratch."""

import math

from pen import BLACK, BLUE, GREEN, GREY, RED, WHITE, YELLOW, Pen, write


# Boards


def prohibition(pen):
    pen.disc((0, 0), 0.96, RED)
    pen.disc((0, 0), 0.74, WHITE)


def mandatory(pen):
    pen.disc((0, 0), 0.96, WHITE)
    pen.disc((0, 0), 0.92, BLUE)


def end_of(pen):
    pen.disc((0, 0), 0.96, WHITE)


def end_bars(pen):
    for shift in (-0.16, 0, 0.16):
        pen.stroke([(-0.55 + shift, 0.55 + shift), (0.55 + shift, -0.55 + shift)], 0.08, BLACK)


def triangle(pen, radius, color, turn):
    angles = [math.radians(turn + 120 * corner) for corner in range(3)]
    pen.polygon([(radius * math.cos(a), 0.22 * (1 if turn < 0 else -1) + radius * math.sin(a)) for a in angles], color)


def warning(pen):
    triangle(pen, 1.14, RED, -90)
    triangle(pen, 0.78, WHITE, -90)


def octagon(pen, radius, color):
    angles = [math.radians(22.5 + 45 * corner) for corner in range(8)]
    pen.polygon([(radius * math.cos(a), radius * math.sin(a)) for a in angles], color)


def diamond(pen, radius, color):
    pen.polygon([(0, -radius), (radius, 0), (0, radius), (-radius, 0)], color)


# Pictograms


def car(pen, x, y, size, color):
    pen.box(x - size, y - 0.15 * size, x + size, y + 0.6 * size, color)
    pen.polygon(
        [
            (x - 0.9 * size, y - 0.1 * size),
            (x - 0.6 * size, y - 0.8 * size),
            (x + 0.6 * size, y - 0.8 * size),
            (x + 0.9 * size, y - 0.1 * size),
        ],
        color,
    )
    for side in (-0.65, 0.65):
        pen.box(x + (side - 0.2) * size, y + 0.5 * size, x + (side + 0.2) * size, y + 0.95 * size, color)


def truck(pen, x, y, size, color):
    pen.box(x - size, y - 0.8 * size, x + 0.35 * size, y + 0.45 * size, color)
    pen.polygon(
        [
            (x + 0.42 * size, y + 0.45 * size),
            (x + 0.42 * size, y - 0.4 * size),
            (x + 0.8 * size, y - 0.4 * size),
            (x + 1.1 * size, y + 0.05 * size),
            (x + 1.1 * size, y + 0.45 * size),
        ],
        color,
    )
    for wheel in (-0.6, 0.7):
        pen.disc((x + wheel * size, y + 0.55 * size), 0.26 * size, color)


def walker(pen, x, y, size, color):
    """A person who walks to the left."""
    at = lambda points: [(x + size * a, y + size * b) for a, b in points]
    pen.disc((x, y - 0.85 * size), 0.2 * size, color)
    pen.stroke(at([(0, -0.5), (0.05, 0.1)]), 0.34 * size, color)
    pen.stroke(at([(0.05, 0.1), (-0.2, 0.5), (-0.42, 0.95)]), 0.2 * size, color)
    pen.stroke(at([(0.05, 0.1), (0.25, 0.5), (0.48, 0.9)]), 0.2 * size, color)
    pen.stroke(at([(0, -0.45), (-0.4, -0.05)]), 0.15 * size, color)
    pen.stroke(at([(0, -0.45), (0.4, -0.1)]), 0.15 * size, color)


def overtaking(pen, left, other):
    vehicle = truck if other is truck else car
    vehicle(pen, -0.3, 0.05, 0.3 if vehicle is car else 0.26, left)
    car(pen, 0.36, 0.05, 0.27, BLACK if left is not GREY else GREY)


def speed(limit):
    def draw(pen):
        prohibition(pen)
        narrow = len(limit) == 3
        write(pen, limit, 0.62, 0.2 if narrow else 0.32, 0.11 if narrow else 0.13, BLACK)

    return draw


def end_of_speed(pen):
    end_of(pen)
    write(pen, "80", 0.62, 0.32, 0.13, GREY)
    end_bars(pen)


def no_overtaking(vehicle):
    def draw(pen):
        prohibition(pen)
        overtaking(pen, RED, vehicle)

    return draw


def end_of_no_overtaking(vehicle):
    def draw(pen):
        end_of(pen)
        overtaking(pen, GREY, vehicle)
        end_bars(pen)

    return draw


def priority_here(pen):
    warning(pen)
    pen.arrow([(0, 0.5), (0, -0.35)], 0.14, BLACK)
    pen.stroke([(-0.28, 0.25), (0.28, 0.25)], 0.09, BLACK)


def priority_road(pen):
    for radius, color in ((0.98, BLACK), (0.94, WHITE), (0.7, BLACK), (0.66, YELLOW)):
        diamond(pen, radius, color)


def give_way(pen):
    triangle(pen, 1.14, RED, 90)
    triangle(pen, 0.7, WHITE, 90)


def stop(pen):
    octagon(pen, 1.0, WHITE)
    octagon(pen, 0.94, RED)
    write(pen, "STOP", 0.56, 0.24, 0.1, WHITE)


def no_trucks(pen):
    prohibition(pen)
    truck(pen, -0.02, 0.02, 0.46, BLACK)


def no_entry(pen):
    pen.disc((0, 0), 0.96, RED)
    pen.box(-0.68, -0.17, 0.68, 0.17, WHITE)


def danger(pen):
    warning(pen)
    pen.stroke([(0, -0.25), (0, 0.22)], 0.16, BLACK)
    pen.disc((0, 0.46), 0.09, BLACK)


def curve(side):
    def draw(pen):
        warning(pen)
        pen.arrow([(-0.12 * side, 0.52), (-0.12 * side, 0.15), (0.22 * side, -0.2)], 0.13, BLACK)

    return draw


def double_curve(pen):
    warning(pen)
    pen.arrow([(0.12, 0.54), (0.12, 0.32), (-0.15, 0.14), (0.08, -0.06), (0.02, -0.36)], 0.11, BLACK)


def bumps(pen):
    warning(pen)
    pen.box(-0.5, 0.4, 0.5, 0.52, BLACK)
    for x in (-0.23, 0.23):
        pen.disc((x, 0.4), 0.17, BLACK)


def slippery(pen):
    warning(pen)
    car(pen, 0, -0.06, 0.22, BLACK)
    for x in (-0.2, 0.2):
        pen.stroke([(x, 0.18), (x - 0.12, 0.3), (x + 0.1, 0.4), (x - 0.04, 0.55)], 0.07, BLACK)


def narrows(pen):
    warning(pen)
    pen.stroke([(-0.16, 0.52), (-0.16, -0.2)], 0.11, BLACK)
    pen.stroke([(0.3, 0.52), (0.3, 0.3), (0.1, 0.08), (0.1, -0.2)], 0.11, BLACK)


def works(pen):
    warning(pen)
    pen.disc((-0.06, -0.28), 0.1, BLACK)
    pen.stroke([(-0.08, -0.1), (-0.2, 0.18)], 0.16, BLACK)
    pen.stroke([(-0.2, 0.18), (-0.08, 0.32), (-0.16, 0.52)], 0.1, BLACK)
    pen.stroke([(-0.2, 0.18), (-0.36, 0.52)], 0.1, BLACK)
    pen.stroke([(-0.08, -0.06), (0.1, 0.12), (0.32, 0.42)], 0.07, BLACK)
    pen.polygon([(0.08, 0.54), (0.3, 0.28), (0.52, 0.54)], BLACK)


def lights(pen):
    warning(pen)
    for y, color in ((-0.22, RED), (0.12, YELLOW), (0.46, GREEN)):
        pen.disc((0, y), 0.145, color)


def pedestrians(pen):
    warning(pen)
    walker(pen, 0, 0.16, 0.44, BLACK)


def children(pen):
    warning(pen)
    walker(pen, -0.2, 0.22, 0.36, BLACK)
    walker(pen, 0.24, 0.3, 0.27, BLACK)


def bicycles(pen):
    warning(pen)
    for x in (-0.27, 0.27):
        pen.ring((x, 0.34), 0.2, 0.07, BLACK)
    pen.stroke([(-0.27, 0.34), (-0.08, 0.02), (0.2, 0.02), (0, 0.34), (-0.27, 0.34)], 0.06, BLACK)
    pen.stroke([(0.27, 0.34), (0.16, -0.12), (0.28, -0.14)], 0.06, BLACK)
    pen.stroke([(-0.16, -0.06), (-0.02, -0.06)], 0.07, BLACK)


def snow(pen):
    warning(pen)
    for spoke in range(6):
        a = math.radians(60 * spoke + 30)
        at = lambda radius, turn=0.0: (radius * math.cos(a + turn), 0.18 + radius * math.sin(a + turn))
        pen.stroke([(0, 0.18), at(0.38)], 0.07, BLACK)
        pen.stroke([at(0.36, 0.35), at(0.24), at(0.36, -0.35)], 0.05, BLACK)


def deer(pen):
    warning(pen)
    body = [(-0.3, 0.05), (0.1, 0.02), (0.22, -0.16), (0.38, -0.2), (0.4, -0.08), (0.3, -0.02), (0.18, 0.24), (-0.28, 0.26)]
    pen.polygon(body, BLACK)
    for path in ([(-0.26, 0.2), (-0.42, 0.4), (-0.34, 0.54)], [(-0.2, 0.2), (-0.14, 0.54)]):
        pen.stroke(path, 0.07, BLACK)
    for path in ([(0.12, 0.2), (0.3, 0.34), (0.2, 0.5)], [(0.14, 0.2), (0.42, 0.24)]):
        pen.stroke(path, 0.07, BLACK)
    pen.stroke([(0.26, -0.18), (0.14, -0.42)], 0.05, BLACK)


def end_of_all(pen):
    end_of(pen)
    end_bars(pen)


def direction(*paths):
    def draw(pen):
        mandatory(pen)
        for path in paths:
            pen.arrow(path, 0.19, WHITE)

    return draw


def mirrored(path):
    return [(-x, y) for x, y in path]


TURN = [(-0.25, 0.58), (-0.25, -0.1), (0.62, -0.1)]
AHEAD = [(0, 0.62), (0, -0.68)]
AHEAD_OF_TWO = [(-0.25, 0.62), (-0.25, -0.68)]
BRANCH = [(-0.25, 0.5), (-0.25, 0.15), (0.62, 0.15)]
KEEP = [(-0.42, -0.42), (0.48, 0.48)]


def roundabout(pen):
    mandatory(pen)
    for start in (20, 140, 260):
        angles = [math.radians(start + step) for step in range(0, 96, 12)]
        pen.arrow([(0.5 * math.cos(a), 0.5 * math.sin(a)) for a in angles], 0.16, WHITE)


# In the order of the labels.
SIGNS = {
    "speed-20": speed("20"),
    "speed-30": speed("30"),
    "speed-50": speed("50"),
    "speed-60": speed("60"),
    "speed-70": speed("70"),
    "speed-80": speed("80"),
    "end-of-speed-80": end_of_speed,
    "speed-100": speed("100"),
    "speed-120": speed("120"),
    "no-overtaking": no_overtaking(car),
    "no-overtaking-trucks": no_overtaking(truck),
    "priority-here": priority_here,
    "priority-road": priority_road,
    "give-way": give_way,
    "stop": stop,
    "no-vehicles": prohibition,
    "no-trucks": no_trucks,
    "no-entry": no_entry,
    "danger": danger,
    "curve-left": curve(-1),
    "curve-right": curve(1),
    "double-curve": double_curve,
    "bumps": bumps,
    "slippery": slippery,
    "narrows-right": narrows,
    "works": works,
    "lights": lights,
    "pedestrians": pedestrians,
    "children": children,
    "bicycles": bicycles,
    "snow": snow,
    "deer": deer,
    "end-of-all": end_of_all,
    "turn-right": direction(TURN),
    "turn-left": direction(mirrored(TURN)),
    "ahead": direction(AHEAD),
    "ahead-or-right": direction(AHEAD_OF_TWO, BRANCH),
    "ahead-or-left": direction(mirrored(AHEAD_OF_TWO), mirrored(BRANCH)),
    "keep-right": direction(KEEP),
    "keep-left": direction(mirrored(KEEP)),
    "roundabout": roundabout,
    "end-of-no-overtaking": end_of_no_overtaking(car),
    "end-of-no-overtaking-trucks": end_of_no_overtaking(truck),
}

NAMES = list(SIGNS)


def draw(name, size):
    """The sign as an RGBA image of `size` pixels, transparent around it."""
    pen = Pen(size)
    SIGNS[name](pen)
    return pen.finish()
