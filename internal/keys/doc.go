// Package keys keeps the account's API keys, and the local keys of bots, encrypted in the data folder.
//
// [Open] reads the folder's one file, a [Store] changes it, [Store.Save] replaces it whole or not at all. An [Account]
// is bitbank's key with the rights that its owner confirmed: bitbank tells nobody what a key may do. A [Bot] is a local
// key with a [Scope]. The right to withdraw has no field in either: such a key cannot be written down here.
//
// # At rest
//
// Everything, ids and scopes too, is sealed with AES-256-GCM under a key that is new at every write: derived with
// PBKDF2-HMAC-SHA256 from the owner's passphrase, or with HKDF-SHA256 from 32 random bytes in a file beside it. The head
// (format, version, kind of lock, iterations, salt) is authenticated with it. A key file keeps a lost copy or backup of
// the sealed file closed; it is no help against somebody who reads the whole folder, which a passphrase is. Neither
// helps against somebody who runs programs as the owner, and nothing here notices that the file was exchanged for an
// older one of the same owner.
//
// The file is replaced by rename after a sync. A file that others may read, that is damaged or of a later version is
// refused and never written over.
//
// A Store belongs to one goroutine. Two programs may use one folder: the one that saves second gets [ErrChanged].
package keys
