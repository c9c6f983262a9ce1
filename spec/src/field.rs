//! Bit fields of commands, list entries and parameters: one table serves packing, hardware and documentation.

/// One field of a packed record. A field never crosses a 32-bit word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name, as in the Rust struct and in the Verilog.
    pub name: &'static str,
    /// Bit position of its lowest bit in the record.
    pub low: usize,
    /// Width in bits.
    pub width: usize,
    /// Two's complement if true.
    pub signed: bool,
    /// Meaning and unit.
    pub doc: &'static str,
}

impl Field {
    /// True if the value can be stored.
    pub fn holds(&self, value: i64) -> bool {
        let (low, high) = match self.signed {
            true => (-(1i64 << (self.width - 1)), (1i64 << (self.width - 1)) - 1),
            false => (0, (1i64 << self.width) - 1),
        };
        (low..=high).contains(&value)
    }

    /// Writes the value (which must fit, see [`Field::holds`]) into a record.
    pub fn insert(&self, record: &mut [u32], value: i64) {
        debug_assert!(self.holds(value), "{} = {value} needs more than {} bits", self.name, self.width);
        let mask = ((1u64 << self.width) - 1) as u32;
        let word = &mut record[self.low / 32];
        *word &= !(mask << (self.low % 32));
        *word |= (value as u32 & mask) << (self.low % 32);
    }

    /// Reads the value out of a record.
    pub fn extract(&self, record: &[u32]) -> i64 {
        let mask = (1u64 << self.width) - 1;
        let raw = (u64::from(record[self.low / 32]) >> (self.low % 32)) & mask;
        match self.signed && raw >> (self.width - 1) == 1 {
            true => raw as i64 - (1i64 << self.width),
            false => raw as i64,
        }
    }
}

/// A value that does not fit its field.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{record}.{field} = {value} does not fit in {width} bits")]
pub struct FieldOverflow {
    /// Record type.
    pub record: &'static str,
    /// Field name.
    pub field: &'static str,
    /// The value.
    pub value: i64,
    /// Bits of the field.
    pub width: usize,
}

/// A record that is packed into 32-bit words by a table of fields.
pub trait Record: Sized {
    /// Name in documentation and error messages.
    const NAME: &'static str;
    /// What the record is.
    const DOC: &'static str;
    /// 32-bit words of the packed form.
    const WORDS: usize;
    /// The fields, by position.
    const FIELDS: &'static [Field];
    /// Field values in the order of `FIELDS`.
    fn values(&self) -> Vec<i64>;
    /// Unpacks `WORDS` words.
    fn unpack(record: &[u32]) -> Self;

    /// Packs, refusing values that do not fit.
    fn pack(&self) -> Result<Vec<u32>, FieldOverflow> {
        let mut record = vec![0; Self::WORDS];
        for (field, value) in Self::FIELDS.iter().zip(self.values()) {
            if !field.holds(value) {
                let (record, field, width) = (Self::NAME, field.name, field.width);
                return Err(FieldOverflow { record, field, value, width });
            }
            field.insert(&mut record, value);
        }
        Ok(record)
    }
}

/// Declares a record: `name: type = width @ bit, "doc";`, a negative type (`i32`) makes the field signed.
macro_rules! record {
    ($(#[doc = $doc:literal])+ $name:ident, $words:literal { $($field:ident: $type:ident = $width:literal @ $low:expr, $fdoc:literal;)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name { $(#[doc = $fdoc] pub $field: $type,)+ }

        impl $crate::field::Record for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = concat!($($doc, "\n"),+);
            const WORDS: usize = $words;
            const FIELDS: &'static [$crate::field::Field] = &[$($crate::field::Field {
                name: stringify!($field),
                low: $low,
                width: $width,
                signed: <$type>::MIN != 0,
                doc: $fdoc,
            },)+];
            fn values(&self) -> Vec<i64> { vec![$(i64::from(self.$field)),+] }
            fn unpack(record: &[u32]) -> Self {
                let mut values = Self::FIELDS.iter().map(|field| field.extract(record));
                Self { $($field: values.next().expect("one value a field") as $type,)+ }
            }
        }
    };
}
pub(crate) use record;
