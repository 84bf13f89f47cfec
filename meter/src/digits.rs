//! Numbers as a person reads them, the same in every sentence and table.

/// A number with a space between each three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_stand_in_threes() {
        for (number, told) in [
            (0, "0"),
            (12, "12"),
            (999, "999"),
            (1000, "1 000"),
            (5_000_000, "5 000 000"),
        ] {
            assert_eq!(grouped(number), told);
        }
    }
}
