package transfer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// An Originator is somebody who sends deposits, as the account has registered them on the web site: a row of
// deposit_originators. Its uuid, and those of its controllers, are given by the desk.
type Originator struct {
	UUID                string       `json:"uuid"`
	Label               string       `json:"label"`
	DepositType         string       `json:"deposit_type"` // WALLET, ELSE
	DepositPurpose      *string      `json:"deposit_purpose"`
	Status              string       `json:"originator_status"` // SCREENING, CONFIRMED, REJECTED, DEPRECATED
	Type                string       `json:"originator_type"`   // OWN, PERSON, COMPANY
	LastName            *string      `json:"originator_last_name"`
	FirstName           *string      `json:"originator_first_name"`
	Country             *string      `json:"originator_country"`
	Prefecture          *string      `json:"originator_prefecture"`
	City                *string      `json:"originator_city"`
	Address             *string      `json:"originator_address"`
	Building            *string      `json:"originator_building"`
	CompanyName         *string      `json:"originator_company_name"`
	CompanyType         *string      `json:"originator_company_type"`
	CompanyTypePosition *string      `json:"originator_company_type_position"`
	Controllers         []Controller `json:"originator_substantial_controllers"` // [] when there are none, our assumption
}

// A Controller stands behind a company.
type Controller struct {
	UUID       string  `json:"uuid"`
	Name       string  `json:"name"`
	Country    string  `json:"country"`
	Prefecture *string `json:"prefecture"`
}

var (
	originatorStatuses = []string{"SCREENING", "CONFIRMED", "REJECTED", "DEPRECATED"}
	originatorTypes    = []string{"OWN", "PERSON", "COMPANY"}
	depositTypes       = []string{"WALLET", "ELSE"}
)

// most is how many originators, and how many withdrawal accounts, an account may have here.
const most = 1000

func (o Originator) check() error {
	switch {
	case o.UUID != "":
		return errors.New("uuid: is given by the simulator, leave it out")
	case o.Label == "":
		return errors.New("label: expected a text")
	case !slices.Contains(depositTypes, o.DepositType):
		return fmt.Errorf("deposit_type: %q is none of WALLET, ELSE", o.DepositType)
	case !slices.Contains(originatorTypes, o.Type):
		return fmt.Errorf("originator_type: %q is none of OWN, PERSON, COMPANY", o.Type)
	}
	for i, c := range o.Controllers {
		if c.UUID != "" || c.Name == "" {
			return fmt.Errorf("originator_substantial_controllers[%d]: expected a name and no uuid", i)
		}
	}
	return checkOriginatorStatus(o.Status)
}

func checkOriginatorStatus(status string) error {
	if !slices.Contains(originatorStatuses, status) {
		return fmt.Errorf("originator_status: %q is none of SCREENING, CONFIRMED, REJECTED, DEPRECATED", status)
	}
	return nil
}

// AddOriginator registers a sender and returns its uuid.
func (d *Desk) AddOriginator(o Originator) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	if len(d.originators) >= most {
		return "", fmt.Errorf("there are %d originators, which is as many as there can be", most)
	}
	o.UUID = d.newUUID("originator")
	o.Controllers = append([]Controller{}, o.Controllers...)
	for i := range o.Controllers {
		o.Controllers[i].UUID = d.newUUID("controller")
	}
	d.originators = append(d.originators, o)
	return o.UUID, nil
}

// SetOriginator changes the status of an originator.
func (d *Desk) SetOriginator(uuid, status string) error {
	if err := checkOriginatorStatus(status); err != nil {
		return err
	}
	o := d.originator(uuid)
	if o == nil {
		return fmt.Errorf("uuid: there is no originator %q", uuid)
	}
	o.Status = status
	return nil
}

func (d *Desk) originator(uuid string) *Originator {
	i := slices.IndexFunc(d.originators, func(o Originator) bool { return o.UUID == uuid })
	if i < 0 {
		return nil
	}
	return &d.originators[i]
}

// usable is bitbank's code for a declaration with this originator. Only a CONFIRMED one can be used.
func (d *Desk) usable(uuid string) int {
	switch o := d.originator(uuid); {
	case o == nil:
		return codeNoOriginator
	case o.Status == "CONFIRMED":
		return 0
	case o.Status == "DEPRECATED" && !d.o.DeprecatedUnderReview:
		return codeOriginatorIncomplete
	}
	return codeOriginatorReview
}

// ConfirmDeposits answers POST confirm_deposits: who sent which unconfirmed deposit. All of them are taken or none, our
// assumption. The body is the decoded JSON object.
func (d *Desk) ConfirmDeposits(body map[string]any, now time.Time) (data any, code int) {
	now = d.reach(now)
	pairs, code := readDeclarations(body)
	if code = firstOf(code, func() int { return d.forbidden(confirmDeposits) }); code != 0 {
		return nil, code
	}
	var named []*transfer
	for _, p := range pairs {
		t := d.byUUID[p.deposit]
		if t == nil || !t.waiting() || slices.Contains(named, t) {
			return nil, codeNoDeposit
		}
		if code := d.usable(p.originator); code != 0 {
			return nil, code
		}
		named = append(named, t)
	}
	for _, t := range named {
		d.declared(t, now)
	}
	return struct{}{}, 0
}

// ConfirmDepositsAll answers POST confirm_deposits_all: one originator sent all that is unconfirmed, be it nothing.
func (d *Desk) ConfirmDepositsAll(body map[string]any, now time.Time) (data any, code int) {
	now = d.reach(now)
	uuid, code := readUUID(body, "originator_uuid")
	code = firstOf(code,
		func() int { return d.forbidden(confirmDepositsAll) },
		func() int { return d.usable(uuid) },
	)
	if code != 0 {
		return nil, code
	}
	for _, t := range d.deposits {
		if t.waiting() {
			d.declared(t, now)
		}
	}
	return struct{}{}, 0
}
