//! What the views say of secrets.

use gofer_domain::{SealedSecret, SecretKey, Secrets};
use gofer_wire::model::v1 as model;

use crate::codec;
use crate::db::{Db, VIEWS};
use crate::error::Error;
use crate::keys::{self, kind};
use crate::load::records;
use crate::store::Store;

pub(crate) fn load(db: &Db) -> Result<Secrets, Error> {
    let current = match db.get::<model::CurrentKey>(VIEWS, &keys::cluster_key())? {
        Some(record) => {
            let current = codec::current_key_from_wire(&record);
            Some(current.map_err(|error| Error::decode("the record of the cluster key", &error))?)
        }
        None => None,
    };
    let live = records::<model::Secret, _>(db, kind::SECRET, codec::secret_from_wire)?;
    Ok(Secrets { current, live: live.into_iter().collect() })
}

impl Store {
    /// The sealed value of a secret, as it was set. Its key may have been wrapped anew since: [`Store::read`] has that.
    ///
    /// # Errors
    /// When its record can't be read. Final like an error of [`Store::apply`].
    pub fn sealed_secret(&self, key: &SecretKey) -> Result<Option<SealedSecret>, Error> {
        self.healthy()?;
        let record = self.guard(self.db().get::<model::SealedSecret>(VIEWS, &keys::secret(kind::SEALED, key)))?;
        let Some(record) = record else { return Ok(None) };
        let sealed = codec::sealed_from_wire(Some(&record));
        self.guard(sealed.map(Some).map_err(|error| Error::decode("a sealed secret", &error)))
    }
}
