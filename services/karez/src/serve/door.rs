//! Who may come in, decided before the server listens: on this machine alone nobody need be asked; from elsewhere
//! everybody is, and over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::accounts::{first_password, hash_password};
use crate::authorization::Role;
use crate::clock::Clock;
use crate::config::{self, Asking};
use crate::demo::accounts::is_of_demonstration;
use crate::gateway::auth::Authentication;
use crate::gateway::{Door, is_local};
use crate::oidc::Directory;
use crate::store::{By, EventLog, NewAccount};
use crate::tls;
use crate::trouble::Trouble;

/// The account that is made where there is none.
const FIRST_ACCOUNT: &str = "admin";
/// Who makes it.
const FIRST_START: &str = "first start";

/// Refuses what would let anybody in from anywhere, or send passwords in the clear.
pub(super) fn check(settings: &config::Gateway, address: SocketAddr) -> Result<(), Trouble> {
    if is_local(address) {
        return Ok(());
    }
    if settings.authentication == Asking::Nobody {
        let what = format!(
            "{address} can be reached from other machines, and [gateway] authentication = \"none\" asks nobody who they are"
        );
        return Err(
            Trouble::could_not_run(what).advise("set authentication = \"required\", or listen on 127.0.0.1")
        );
    }
    if !(has_tls(settings) || settings.behind_proxy) {
        let what = format!(
            "{address} can be reached from other machines, and passwords would cross the network in the clear"
        );
        return Err(Trouble::could_not_run(what).advise(
            "give [gateway] certificate_file and key_file, or set behind_proxy = true where a proxy speaks TLS, or listen on 127.0.0.1",
        ));
    }
    Ok(())
}

fn has_tls(settings: &config::Gateway) -> bool {
    !settings.certificate_file.as_os_str().is_empty() || !settings.key_file.as_os_str().is_empty()
}

/// What the gateway speaks TLS with, where the configuration says so.
pub(super) fn acceptor(settings: &config::Gateway) -> Result<Option<TlsAcceptor>, Trouble> {
    if !has_tls(settings) {
        return Ok(None);
    }
    let read = tls::acceptor(&settings.certificate_file, &settings.key_file);
    read.map(Some).map_err(|error| {
        Trouble::could_not_run(error.to_string())
            .advise("give PEM files in [gateway] certificate_file and key_file, the key without a password")
    })
}

/// The directory of the configuration, where it names one.
pub(super) fn directory(settings: &config::Gateway) -> Result<Option<Arc<Directory>>, Trouble> {
    let directory = Directory::try_new(&settings.oidc);
    let directory = directory.map_err(|error| Trouble::wrong_use(error.to_string()))?;
    Ok(directory.map(Arc::new))
}

/// What stands before the gateway.
pub(super) fn door(settings: &config::Gateway) -> Door {
    Door {
        has_tls: has_tls(settings),
        is_behind_proxy: settings.behind_proxy,
    }
}

/// Whether callers are asked who they are, and what is to be said about it at the start.
pub(super) async fn authentication(
    settings: &config::Gateway,
    address: SocketAddr,
    log: &EventLog,
    clock: &Clock,
) -> Result<(Authentication, String), Trouble> {
    if !is_local(address) || settings.behind_proxy {
        refuse_published_passwords(log).await?;
    }
    let is_open = match settings.authentication {
        Asking::Nobody => true,
        Asking::Everybody => false,
        Asking::AsAccountsExist => is_local(address) && !log.has_accounts().await?,
    };
    if is_open {
        let said =
            "It is open on this machine only, and asks nobody who they are: `karez user add` makes accounts.";
        return Ok((Authentication::None, said.to_owned()));
    }
    let said = match first_admin(log, clock).await? {
        Some(password) => format!(
            "The first account is {FIRST_ACCOUNT} with the password {password}\n\
             It is shown this once, and must be changed when signing in."
        ),
        None => "Callers sign in, or send a key.".to_owned(),
    };
    Ok((Authentication::Required, said))
}

/// Everybody knows the password of the accounts that `karez demo --accounts` makes.
async fn refuse_published_passwords(log: &EventLog) -> Result<(), Trouble> {
    let accounts = log.accounts().await?;
    let mut open = accounts
        .iter()
        .filter(|account| account.is_active && is_of_demonstration(&account.name));
    let Some(account) = open.next() else {
        return Ok(());
    };
    let what = format!(
        "other machines could sign in as {}, an account of the demonstration whose password is published",
        account.name
    );
    Err(Trouble::could_not_run(what)
        .advise("`karez user disable` each account named demo-…, or listen on 127.0.0.1 without a proxy"))
}

/// Makes the first account where there is none, and gives its password.
async fn first_admin(log: &EventLog, clock: &Clock) -> Result<Option<String>, Trouble> {
    if !log.accounts().await?.is_empty() {
        return Ok(None);
    }
    let password = first_password().map_err(anyhow::Error::from)?;
    let password_hash = hash_password(&password).map_err(anyhow::Error::from)?;
    let account = NewAccount {
        name: FIRST_ACCOUNT,
        role: Role::Admin,
        unit: None,
        password_hash: &password_hash,
        must_change_password: true,
    };
    let by = By {
        actor: FIRST_START,
        at: clock.now(),
    };
    // Another process may have been faster: then its password is the one.
    let is_made = log.create_account(account, by).await?;
    Ok(is_made.then_some(password))
}
