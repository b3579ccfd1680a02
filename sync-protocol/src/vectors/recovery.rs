//! What Lan's phone keeps for the day on which she forgets her PIN, and what the server opens for her.

use schemas::ids::UnitId;

use super::file::{annotated, compared, plain};
use super::parcels::Counted;
use super::scene::{key, server};
use super::shapes;
use crate::actor::device_id;
use crate::hash::PublicKey;
use crate::parcel::SealSecret;
use crate::recovery::{DataKey, Kept, KeptKey, OpenedKey, RecoveryKey, opening_code};

const COMMUNE: UnitId = UnitId(7);

#[test]
fn recovery_is_what_it_was() {
    let (office, reply) = (SealSecret::from_bytes([0x80; 32]), SealSecret::from_bytes([0x90; 32]));
    let (lan, data_key) = (PublicKey(key(1).verifying_key().to_bytes()), DataKey::from_bytes([0xda; 32]));
    let to = RecoveryKey::sign(COMMUNE, office.public(), &key(5));
    let about = "The recovery key of commune 7 (secret 32 times 80), as it comes with enrolment.";
    let kept = compared("recovery-key", about, &annotated(&to.to_bytes(), "recovery key", shapes::RECOVERY_KEY));
    assert_eq!(RecoveryKey::open(&kept, &server()), Ok(to));
    let made = KeptKey::seal(data_key.clone(), &key(1), &to, &mut Counted(0x80)).unwrap();
    let about =
        "The data key of Lan's phone (32 times da), sealed to recovery-key.txt. The secret of the ephemeral key is 32
        times 81.";
    let bytes = compared("kept-key", about, &annotated(&made.to_bytes(), "kept key", shapes::KEPT_ENVELOPE));
    assert_eq!(KeptKey::read(&bytes).unwrap().open(&lan, COMMUNE, &office).as_ref(), Ok(&data_key));
    let inside = made.sealed(&office).unwrap();
    let annotated_inside = annotated(&inside.to_bytes(), "kept", shapes::KEPT);
    assert_eq!(
        Kept::read(&compared("kept", "What is sealed in kept-key.txt.", &annotated_inside)).as_ref(),
        Ok(&inside)
    );
    let opened = data_key.seal(made.device(), &reply.public(), &mut Counted(0x90)).unwrap();
    let about = "The same data key, sealed to the reply key (secret 32 times 90) of a request. The secret of the ephemeral key is
        32 times 91; what is sealed is the data key's 32 bytes.";
    let bytes = compared("opened-key", about, &annotated(&opened.to_bytes(), "opened key", shapes::KEPT_ENVELOPE));
    assert_eq!(OpenedKey::read(&bytes).unwrap().open(device_id(&lan), &reply), Ok(data_key));
    let code = opening_code(made.device(), &reply.public(), &made);
    let lines = [
        ("what the server signs of recovery-key.txt", to.signed().to_vec()),
        ("what Lan's phone signs of kept.txt", inside.signed(made.device(), &office.public().id()).to_vec()),
        ("the letters of a request with that reply key, in ASCII", code.to_vec()),
    ];
    let body: String = lines.iter().map(|(about, bytes)| plain(bytes, about)).collect();
    compared("recovery-hashes", "The hashes of PROTOCOL.md, \"A forgotten PIN\".", &body);
}
