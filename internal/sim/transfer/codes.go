package transfer

// bitbank's codes that the desk gives by a rule of its own.
const (
	codeOTPFailed            = 20011
	codeSMSFailed            = 20014
	codeNoOTP                = 20023
	codeNoSMS                = 20024
	codeNoTokens             = 20025
	codeTokensLocked         = 20026
	codeNoAsset              = 30016
	codeNoUUID               = 30019
	codeNoAmount             = 30039
	codeCount                = 40006
	codeEnd                  = 40007
	codeSince                = 40022
	codeAsset                = 40025
	codeUUID                 = 40028
	codeAmount               = 40048
	codeNoCompany            = 50035
	codeDepositChecked       = 50037
	codeNoOriginator         = 50044
	codeNoDeposit            = 50045
	codeOriginatorReview     = 50051
	codeOriginatorIncomplete = 50052
	codeUnconfirmed          = 50054
	codeNoYen                = 50070
	codeNoCoins              = 50071
	codeLoss                 = 50083
	codeNotEnough            = 60001
	codeTooMuch              = 60017
	codeTooLittle            = 60020 // undocumented; one client's table calls it a withdrawal under the minimum, our assumption
	codeRestricted           = 70014
)
