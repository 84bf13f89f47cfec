//! What holds for any bytes that somebody calls a package or a manifest.

use yoi_host::Profile;
use yoi_host::authority::Manifest;
use yoi_host::limits::{PACKAGE_BYTES, PACKAGE_ENTRIES};
use yoi_host::package::{Package, PackageKind, archive};

/// An archive is read within the limits or refused in words; what was read is written and read again.
pub fn archive(data: &[u8]) {
    for profile in Profile::ALL {
        match archive::read(data, profile) {
            Ok(files) => {
                assert!(files.len() <= PACKAGE_ENTRIES && files.bytes() <= PACKAGE_BYTES);
                let written = archive::write(&files);
                // Where entries overlap, there may be more in an archive than it can have when it is written.
                if written.len() <= yoi_host::limits::PACKAGE_ARCHIVE_BYTES {
                    let again = archive::read(&written, profile);
                    assert_eq!(again.ok().as_ref(), Some(&files));
                }
                let digest = files.digest();
                assert_eq!(digest.to_string().parse(), Ok(digest));
                if let Err(faults) = Package::of(files, PackageKind::Archive) {
                    assert!(!faults.to_string().is_empty() && !faults.list().is_empty());
                }
            }
            Err(fault) => {
                assert!(!fault.to_string().contains(char::is_control));
                assert!(fault.yoi().is_some() || profile != Profile::Yoi);
            }
        }
    }
}

/// A manifest is read, or all its faults are told with places that are in it.
pub fn manifest(data: &[u8]) {
    let some = |path: &str| path.len().is_multiple_of(2);
    for files in [None, Some(&some as &dyn Fn(&str) -> bool)] {
        match Manifest::parse_bytes(Some(data), files) {
            Ok(manifest) => assert_eq!(manifest.declared().schema_version, 1),
            Err(faults) => {
                assert!(faults.list().iter().any(|fault| fault.refuses()));
                assert!(faults.list().iter().all(|fault| fault.span.end <= data.len()));
                assert!(!faults.to_string().is_empty());
                assert!(!faults.yoi_first().message.is_empty());
            }
        }
    }
}
