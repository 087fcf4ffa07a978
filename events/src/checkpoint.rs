//! Checkpoints: the size and the root of the log's Merkle tree, signed, as a few lines of text that can be kept anywhere.
//!
//! The format is that of transparency logs (C2SP `tlog-checkpoint` in a `signed-note`), so that their programs read it:
//! origin, size and root in base64, an empty line, and the Ed25519 signature over the text up to there. The origin names
//! the hash function and the key, and so the log: `karez/sha256/9f86d081884c7d65`.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::chain::{Hash, HashAlgorithm};

/// What a signed note calls an Ed25519 key.
const ED25519: u8 = 1;
/// The bytes of a key's id in front of a signature.
const ID_BYTES: usize = 4;

/// Why a text is not a checkpoint of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not origin, size and root, an empty line and a signature.
    #[error("it is not a checkpoint: origin, size and root are expected, an empty line, and a signature")]
    Malformed,
    /// Nobody has signed it whose key was given.
    #[error("it is not signed by the key of this log")]
    OtherKey,
    /// It was altered after it was signed.
    #[error("its signature does not fit: it was altered")]
    Altered,
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: String,
    /// How many events the log has, which is its last position.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Who signs the checkpoints of one log.
#[derive(Debug, Clone)]
pub struct Signer {
    key: SigningKey,
    origin: String,
}

/// Who checks the signatures of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    key: VerifyingKey,
    origin: String,
}

impl Signer {
    /// The signer of a log, from its secret.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm, secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let mut origin = format!("karez/{}/", algorithm.as_str());
        for byte in Sha256::digest(key.verifying_key().as_bytes()).iter().take(8) {
            // Writing to a String cannot fail.
            write!(origin, "{byte:02x}").unwrap_or_default();
        }
        Self { key, origin }
    }

    /// Whoever checks what this one signs.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier {
            key: self.key.verifying_key(),
            origin: self.origin.clone(),
        }
    }

    /// The checkpoint of a size and a root, signed.
    #[must_use]
    pub fn sign(&self, size: u64, root: &Hash) -> String {
        let text = format!("{}\n{size}\n{}\n", self.origin, STANDARD.encode(root.0));
        let mut signature = self.verifier().id().to_vec();
        signature.extend(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n— {} {}\n", self.origin, STANDARD.encode(signature))
    }
}

impl Verifier {
    /// The public key as signed notes write it: `origin+id+key`. Keep it apart from the log.
    #[must_use]
    pub fn to_text(&self) -> String {
        let id = u32::from_be_bytes(self.id());
        let key = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        format!("{}+{id:08x}+{}", self.origin, STANDARD.encode(key))
    }

    /// What a checkpoint says, where its signature is this log's.
    ///
    /// # Errors
    /// [`CheckpointError`] says what is wrong with it.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let checkpoint = read(text).ok_or(CheckpointError::Malformed)?;
        let ours = signatures.lines().find_map(|line| {
            let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
            let signature = STANDARD.decode(signature).ok()?;
            let signature = signature.strip_prefix(self.id().as_slice())?;
            (name == self.origin).then(|| signature.to_vec())
        });
        let ours = ours.ok_or(CheckpointError::OtherKey)?;
        let signature = Signature::from_slice(&ours).map_err(|_| CheckpointError::Malformed)?;
        let signed = format!("{text}\n");
        self.key
            .verify_strict(signed.as_bytes(), &signature)
            .map_err(|_| CheckpointError::Altered)?;
        Ok(checkpoint)
    }

    fn id(&self) -> [u8; ID_BYTES] {
        let mut digest = Sha256::new();
        digest.update(self.origin.as_bytes());
        digest.update([b'\n', ED25519]);
        digest.update(self.key.as_bytes());
        let mut id = [0; ID_BYTES];
        for (to, from) in id.iter_mut().zip(digest.finalize().iter()) {
            *to = *from;
        }
        id
    }
}

fn read(text: &str) -> Option<Checkpoint> {
    let mut lines = text.lines();
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let root = STANDARD.decode(root).ok()?;
    Some(Checkpoint {
        origin: origin.to_owned(),
        size: size.parse().ok()?,
        root: Hash::try_from(root.as_slice()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use signed_note::{Note, StandardVerifier, VerifierList};

    use super::*;

    fn signer() -> Signer {
        Signer::new(HashAlgorithm::Sha256, &[7; 32])
    }

    #[test]
    fn others_read_and_verify_what_is_signed_here() {
        let (signer, root) = (signer(), Hash([9; 32]));
        let note = signer.sign(20_852, &root);
        let key = signer.verifier().to_text();
        let verifier = StandardVerifier::new(&key).unwrap();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let (found, _) = Note::from_bytes(note.as_bytes()).unwrap().verify(&known).unwrap();
        assert_eq!(found.len(), 1);
        let text = note.split_once("\n\n").unwrap().0;
        let read = tlog_tiles::Checkpoint::from_bytes(format!("{text}\n").as_bytes()).unwrap();
        assert_eq!((read.size(), read.hash().0), (20_852, root.0));
        assert!(signed_note::is_key_name_valid(&signer.origin));
    }

    #[test]
    fn a_checkpoint_says_what_was_signed() {
        let root = Hash([9; 32]);
        let opened = signer().verifier().open(&signer().sign(3, &root)).unwrap();
        assert_eq!((opened.size, opened.root), (3, root));
        assert!(opened.origin.starts_with("karez/sha256/"), "{opened:?}");
    }

    #[test]
    fn what_was_altered_or_signed_by_another_is_told_apart() {
        let (signer, root) = (signer(), Hash([9; 32]));
        let open = |note: &str| signer.verifier().open(note);
        let note = signer.sign(3, &root);
        assert_eq!(
            open(&note.replacen("\n3\n", "\n4\n", 1)),
            Err(CheckpointError::Altered)
        );
        let other = Signer::new(HashAlgorithm::Sha256, &[8; 32]);
        assert_eq!(open(&other.sign(3, &root)), Err(CheckpointError::OtherKey));
        for torn in ["", "\n\n", "a\nb\nc\n\n", note.split_once('—').unwrap().0] {
            assert!(open(torn).is_err(), "{torn:?}");
        }
    }
}
