//! Redis over TLS: the certificate is checked, and nothing else is different.

use std::{fs, net::SocketAddr, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use via::store::{RedisStore, Store as _};
use via_tests::{
    documents::{create, key, load},
    patience::eventually,
    redis::Redis,
    server::free_address,
};

/// A server with a certificate for `localhost`, from an authority of its own.
struct Secured {
    address: SocketAddr,
    directory: TempDir,
    _server: Redis,
}

impl Secured {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();

        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        write(
            "authority.pem",
            &authority.self_signed(&authority_key).unwrap().pem(),
        );
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &Issuer::new(authority, authority_key))
            .unwrap();
        write("server.pem", &certificate.pem());
        write("server.key", &key.serialize_pem());

        let address = free_address();
        let place = directory.path().display();
        let server = Redis::start(&[
            &format!("tls-port {}", address.port()),
            &format!("tls-cert-file {place}/server.pem"),
            &format!("tls-key-file {place}/server.key"),
            &format!("tls-ca-cert-file {place}/authority.pem"),
            "tls-auth-clients no",
            "user app on >secret ~* &* +@all",
        ]);
        Self {
            address,
            directory,
            _server: server,
        }
    }

    fn authority(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    fn url(&self, host: &str) -> String {
        format!("rediss://app:secret@{host}:{}", self.address.port())
    }
}

#[tokio::test]
async fn a_store_works_over_tls_and_hears_notices() {
    let server = Secured::start();
    let url = format!(
        "{}/2?deadline=20000&ca={}",
        server.url("localhost"),
        server.authority().display()
    );
    let stores = [
        RedisStore::open(&url).await.unwrap(),
        RedisStore::open(&url).await.unwrap(),
    ];
    let mut subscription = stores[1].subscribe();
    let key = key("key");
    let version = create(&stores[0], &key, "text").await;
    subscription.next().await.unwrap();
    let found = eventually("it is read", async || load(&stores[1], &key).await.ok()).await;
    assert_eq!(found, Some((version, "text".to_owned())));
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_refused() {
    let server = Secured::start();
    let other = Secured::start();
    let authority = format!("?deadline=20000&ca={}", server.authority().display());
    let strange = format!("?deadline=20000&ca={}", other.authority().display());
    for (url, why) in [
        (server.url("localhost"), "nobody vouches for it"),
        (server.url("localhost") + &strange, "another one does"),
        (server.url("127.0.0.1") + &authority, "it has another name"),
    ] {
        let error = RedisStore::open(&url).await.unwrap_err().to_string();
        assert!(
            error.starts_with("cannot reach the Redis server at"),
            "{why}: {error}"
        );
        assert!(error.contains("certificate"), "{why}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
