//! Bits of each layer's weights within a budget, by what they cost at the network's output.

use std::collections::BTreeMap;

/// The widths, and where their error is in a row of sensitivities; that of 8 bits is taken as none.
const WIDTHS: [u8; 4] = [8, 4, 2, 1];

/// Takes bits away, where each costs least error for the memory it saves, until there are at most `budget` a weight on average; below
/// one bit a weight nothing is left to take.
pub fn assign_bits(
    sizes: &BTreeMap<String, usize>,
    errors: &BTreeMap<String, [f64; 3]>,
    budget: f64,
) -> BTreeMap<String, u8> {
    let mut levels: BTreeMap<&String, usize> = sizes.keys().map(|name| (name, 0)).collect();
    let total: usize = sizes.values().sum();
    let error = |name: &String, level: usize| match level {
        0 => 0.0,
        _ => errors.get(name).map_or(f64::INFINITY, |errors| errors[level - 1]),
    };
    let saved =
        |name: &String, level: usize| f64::from(WIDTHS[level] - WIDTHS[level + 1]) * sizes[name] as f64;
    let used = |levels: &BTreeMap<&String, usize>| -> f64 {
        levels.iter().map(|(name, &level)| f64::from(WIDTHS[level]) * sizes[*name] as f64).sum()
    };
    while used(&levels) > budget * total as f64 {
        let steps = levels.iter().filter(|&(_, &level)| level + 1 < WIDTHS.len());
        let price =
            |name: &String, level: usize| (error(name, level + 1) - error(name, level)) / saved(name, level);
        let cheapest =
            steps.map(|(&name, &level)| (price(name, level), name)).min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, name)) = cheapest else { break };
        levels.entry(name).and_modify(|level| *level += 1);
    }
    levels.into_iter().map(|(name, level)| (name.clone(), WIDTHS[level])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sensitive_layer_keeps_its_bits() {
        let sizes = BTreeMap::from([("a".to_owned(), 100), ("b".to_owned(), 900)]);
        let errors = BTreeMap::from([("a".to_owned(), [0.5, 0.6, 0.7]), ("b".to_owned(), [0.01, 0.2, 0.9])]);
        let of = |budget| assign_bits(&sizes, &errors, budget).into_values().collect::<Vec<_>>();
        assert_eq!(of(8.0), [8, 8]);
        assert_eq!(of(4.5), [8, 4]);
        assert_eq!(of(0.5), [1, 1]);
    }
}
