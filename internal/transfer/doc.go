// Package transfer judges deposits and withdrawals: at which station each stands, for how long, whether that is late, who must act,
// and whether the money of a withdrawal that was not sent came back.
//
// [Judge] makes a [Case] of everything that a ledger knows of transfers, and of deposits that the owner awaits and bitbank has not
// seen. [Check] says what is known before one sends. [CameBack] reads a balance for what became of a withdrawal's money. [Explorer]
// names a page of others on which a transaction can be looked up by a person; nothing here asks it.
//
// Only bitbank's own words count. Money has arrived when a deposit is DONE, never before; a status that bitbank's documents do not
// name is not taken for any other; while bitbank cannot be read nothing becomes late. Addresses are no part of a judgement: the
// place to which one deposits stands on bitbank's page alone, and is never taken from the accounts that one withdraws to.
//
// # Usual times
//
// bitbank publishes no usual times, so usual.tsv holds our assumptions, by step and network. Once the account has five transfers
// of its own, of the same coin over the same network, their median and ninth decile count instead ([Usual]). Yen go by the hours
// of Japan's banks ([BankOpen]); which days are holidays is law, and computed for the years 2022 to 2099.
//
// It reads no clock and does no I/O.
package transfer
