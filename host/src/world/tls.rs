//! Whom a TLS connection trusts.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate that cannot stand for an authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificate is not one of an authority: {0}")]
pub struct BadAuthority(String);

/// Holds the certificate against what an authority's must be.
pub(super) fn authority(der: &[u8]) -> Result<CertificateDer<'static>, BadAuthority> {
    let certificate = CertificateDer::from(der.to_vec());
    RootCertStore::empty()
        .add(certificate.clone())
        .map_err(|cause| BadAuthority(cause.to_string()))?;
    Ok(certificate)
}

/// Settings that trust Mozilla's authorities, compiled in, and `more`.
pub(super) fn client_config(more: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    roots.add_parsable_certificates(more.iter().cloned());
    // The provider is named, not the process's default: whoever embeds this crate may have set another one.
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_as_an_authority() {
        let error = authority(b"not a certificate").unwrap_err();
        insta::assert_snapshot!(error, @"the certificate is not one of an authority: invalid peer certificate: BadEncoding");
    }
}
