//! The ports of a Verilated module, read from the header that Verilator writes.

/// Direction of a port, seen from the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Driven by the caller.
    Input,
    /// Driven by the module.
    Output,
}

/// One port of the top module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The name in the Verilog.
    pub name: String,
    /// The name in the C++.
    pub member: String,
    /// Who drives it.
    pub direction: Direction,
    /// Width in bits.
    pub width: u32,
}

/// The ports that `header` declares, in its order. Lines look like `VL_INW(&a__024in,127,0,4);`.
pub fn parse(header: &str) -> Vec<Declaration> {
    header.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Declaration> {
    let (direction, rest) = match line.trim().strip_prefix("VL_")? {
        rest if rest.starts_with("IN") && !rest.starts_with("INOUT") => (Direction::Input, rest),
        rest if rest.starts_with("OUT") => (Direction::Output, rest),
        _ => return None,
    };
    let arguments = rest.split_once('(')?.1.split_once(')')?.0;
    let mut fields = arguments.split(',');
    let member = fields.next()?.trim_start_matches('&');
    let (high, low): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(Declaration { name: decode(member), member: member.to_owned(), direction, width: high - low + 1 })
}

/// Undoes Verilator's encoding of characters that C++ has no place for: `__0` and two hexadecimal digits. Names that mean
/// something in C++ (`vector`) are prefixed with `__SYM__`.
fn decode(member: &str) -> String {
    let mut name = String::new();
    let mut rest = member.strip_prefix("__SYM__").unwrap_or(member);
    while let Some((before, after)) = rest.split_once("__0") {
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        name.push_str(before);
        match code {
            Some(code) => {
                name.push(char::from(code));
                rest = &after[2..];
            }
            None => {
                name.push_str("__0");
                rest = after;
            }
        }
    }
    name + rest
}

/// The table that `shim.cpp` includes.
pub fn cpp_table(ports: &[Declaration]) -> String {
    let mut text = format!("static constexpr uint32_t PORT_COUNT = {};\n", ports.len());
    text += "static const PortInfo PORTS[] = {\n";
    for port in ports {
        let is_output = u32::from(port.direction == Direction::Output);
        text += &format!("    {{\"{}\", {}, {is_output}}},\n", port.name, port.width);
    }
    text += "};\nstatic void bind_ports(Vmodel& top, void** at) {\n";
    for (index, port) in ports.iter().enumerate() {
        text += &format!("    at[{index}] = &top.{};\n", port.member);
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lines_of_a_real_header() {
        let header =
            "    // PORTS\n    VL_IN8(&clock,0,0);\n    VL_INW(&a__024in,127,0,4);\n    VL_OUT64(&s,40,0);\n";
        let ports = parse(header);
        let short: Vec<_> = ports.iter().map(|p| (p.name.as_str(), p.width, p.direction)).collect();
        use Direction::*;
        assert_eq!(short, [("clock", 1, Input), ("a$in", 128, Input), ("s", 41, Output)]);
        assert_eq!(ports[1].member, "a__024in");
    }

    #[test]
    fn decodes_names_and_leaves_ordinary_underscores_alone() {
        assert_eq!(decode("a__0xyz_b__"), "a__0xyz_b__");
        assert_eq!(decode("x__024y__024z"), "x$y$z");
        assert_eq!(decode("__SYM__vector"), "vector");
    }
}
