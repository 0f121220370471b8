//! The house's secret, with which it signs tokens: made at the first start, kept with the store.

use crate::exit::{Failed, failed};
use crate::wiring::{chance, random};
use std::path::Path;

/// A secret as a shared store keeps it, in hexadecimal digits.
pub(crate) fn fresh() -> String {
    let [high, low]: [u128; 2] = [chance(), chance()];
    format!("{high:032x}{low:032x}")
}

/// The secret of these digits.
pub(crate) fn decode(digits: &str) -> Result<[u8; 32], Failed> {
    let byte = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        failed("the secret in the store")(
            "must have 64 hexadecimal digits; restore it, or remove it to void all tokens",
        )
    })
}

/// The secret in a data directory, made if there is none.
pub(crate) fn of_directory(directory: &Path) -> Result<[u8; 32], Failed> {
    let path = directory.join("secret.key");
    let doing = format!("the secret {}", path.display());
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            failed(&doing)("must have 32 bytes; restore it, or remove it to void all tokens")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = random();
            write_private(&path, &secret).map_err(failed(&doing))?;
            Ok(secret)
        }
        Err(error) => Err(failed(&doing)(error)),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_and_a_damaged_one_is_named() {
        let digits = fresh();
        let secret = decode(&digits).unwrap();
        assert_eq!(secret[0], u8::from_str_radix(&digits[..2], 16).unwrap());
        for damaged in ["", "zz", &digits[2..], "é"] {
            assert!(decode(damaged).unwrap_err().to_string().contains("secret"), "{damaged}");
        }
    }
}
