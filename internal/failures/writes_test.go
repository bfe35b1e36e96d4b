package failures

import "slices"

// orderWrites are the failures of placing an order.
var orderWrites = group{
	name:      "Order writes",
	ids:       "F01 F02 F03 F04 F06 F07 F08 F09 F10 F11 F12 F14 F15 F16 F17 F19 F20 F21 F22 F24 F25 F26 F27 F28 F29 F30 F32 F33 F34 F36 F37 F38 F39",
	scenarios: slices.Concat(lostAnswers, ownMachine, shared),
}
