// Package trigger writes triggers for Gofer: programs that look at the world outside and tell a cluster what has happened
// there. Such a program runs wherever it can reach a node, and tells of each event once or more often: an event counts once
// by its key.
//
// A stream to a node may end at any time. What was not answered is sent again on the next one, to whichever node answers, so
// nothing is lost while the program lives. What it must remember when it dies itself belongs into the cursor of the
// subscription, which moves together with the events: see [Subscription.SendAll].
//
// # HTTP requests
//
// A trigger that is an [HTTPHandler] also answers what somebody sends to /v1/plugins/TRIGGER of any node, such as the webhooks
// of a service. This one tells all subscriptions to a branch of what was pushed there:
//
//	func (t *Pushes) HandleHTTP(w http.ResponseWriter, r *http.Request, subscriptions *trigger.Subscriptions) {
//		body, err := io.ReadAll(r.Body)
//		if err != nil || !t.signed(body, r.Header.Get("X-Signature")) {
//			http.Error(w, "the signature is not valid", http.StatusForbidden)
//			return
//		}
//		var push struct{ Branch string }
//		if err := json.Unmarshal(body, &push); err != nil {
//			http.Error(w, err.Error(), http.StatusBadRequest)
//			return
//		}
//		// The service sends the same delivery again until it is answered.
//		event := trigger.Event{Key: r.Header.Get("X-Delivery"), Payload: push}
//		subscriptions.All(func(subscriber trigger.Subscriber) bool {
//			if subscriber.Setting("branch") == push.Branch {
//				_, err = subscriber.Send(event)
//			}
//			return err == nil
//		})
//		if err != nil {
//			http.Error(w, err.Error(), http.StatusServiceUnavailable)
//			return
//		}
//		w.WriteHeader(http.StatusAccepted)
//	}
package trigger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"

	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
	pluginv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/plugin/v1"
)

// Trigger looks at the world.
type Trigger interface {
	// Describe says which settings subscriptions must and may give.
	Describe() Description

	// Watch looks for events of one subscription, and tells of them, until the context ends. That happens whenever the
	// subscription changes or goes. After an error it begins anew, after a pause that grows, from the cursor as it is by
	// then. When it returns nil, it is done with the subscription until that changes.
	Watch(ctx context.Context, subscription *Subscription) error
}

// HealthChecker is a trigger that knows whether it can do its work at all.
type HealthChecker interface {
	// Health is asked every few seconds. An error says why the trigger can't do its work, for people; at most 1 KiB.
	// `gofer trigger get` shows it, and a plug-in that the cluster keeps running is started anew when it has not been well
	// for a minute.
	Health() error
}

// Description is what a trigger says of itself.
type Description struct {
	// Version is text for people.
	Version  string
	Settings []Setting
}

// Setting is what a subscription must or may give.
type Setting struct {
	Name string
	Kind Kind
	// Required says that each subscription must give it.
	Required bool
	// Default is what it is if it is not given.
	Default     string
	Description string
}

// Kind says which values of a setting are allowed.
type Kind int

// The kinds of settings.
const (
	Text Kind = iota
	// Number is a decimal number, such as -12 or 0.5.
	Number
	// Boolean is true or false.
	Boolean
	// Duration is whole numbers with units, such as 90s or 1h30m; the units are ms, s, m, h and d.
	Duration
)

// Plugin is a trigger, and the cluster that it tells.
type Plugin struct {
	trigger   Trigger
	name      string
	token     string
	addresses []string
}

// ErrRefused says that the cluster does not take the plug-in: the trigger is not installed, the token is another, or what it
// says of itself is not valid.
var ErrRefused = errors.New("the cluster does not take the plug-in")

// New makes a plug-in of a trigger that is installed under a name. The addresses are those of some of the nodes, HOST:PORT.
func New(trigger Trigger, name, token string, addresses ...string) (*Plugin, error) {
	plugin := &Plugin{trigger: trigger, name: name, token: token}
	for _, address := range addresses {
		if address = strings.TrimSpace(address); address != "" {
			plugin.addresses = append(plugin.addresses, address)
		}
	}
	switch {
	case name == "":
		return nil, errors.New("the name of the trigger is missing")
	case token == "":
		return nil, errors.New("the token is missing")
	case len(plugin.addresses) == 0:
		return nil, errors.New("the address of a node is missing")
	}
	return plugin, nil
}

// FromEnv makes a plug-in of what the environment says: GOFER_ADDRESS (127.0.0.1:7600 without it), GOFER_TRIGGER, and
// GOFER_PLUGIN_TOKEN or GOFER_PLUGIN_TOKEN_FILE. A plug-in that the cluster keeps running is given all it needs.
func FromEnv(trigger Trigger) (*Plugin, error) {
	name := os.Getenv("GOFER_TRIGGER")
	if name == "" {
		return nil, errors.New("set GOFER_TRIGGER to the name that the trigger is installed under")
	}
	token := os.Getenv("GOFER_PLUGIN_TOKEN")
	if file := os.Getenv("GOFER_PLUGIN_TOKEN_FILE"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("can't read what GOFER_PLUGIN_TOKEN_FILE names: %w", err)
		}
		token = string(text)
	}
	if token == "" {
		// What the cluster gives to a plug-in that it keeps running.
		token = os.Getenv("GOFER_TOKEN")
	}
	if token = strings.TrimSpace(token); token == "" {
		return nil, errors.New("set GOFER_PLUGIN_TOKEN_FILE or GOFER_PLUGIN_TOKEN")
	}
	address := os.Getenv("GOFER_ADDRESS")
	if address == "" {
		address = "127.0.0.1:7600"
	}
	return New(trigger, name, token, strings.Split(address, ",")...)
}

// Run runs until the context ends, or until the cluster does not take the plug-in any more: then the error is [ErrRefused].
// What may pass is waited for.
func (p *Plugin) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return newEngine(ctx, p).run()
}

func (d Description) hello(name string) *pluginv1.Hello {
	hello := &pluginv1.Hello{Trigger: name, Version: d.Version}
	for _, setting := range d.Settings {
		wire := &modelv1.Setting{
			Name:        setting.Name,
			Kind:        setting.Kind.wire(),
			Required:    setting.Required,
			Description: setting.Description,
		}
		if !setting.Required {
			value := setting.Default
			wire.DefaultValue = &value
		}
		hello.Settings = append(hello.Settings, wire)
	}
	sort.Slice(hello.Settings, func(i, j int) bool { return hello.Settings[i].Name < hello.Settings[j].Name })
	return hello
}

func (k Kind) wire() modelv1.SettingKind {
	switch k {
	case Number:
		return modelv1.SettingKind_SETTING_KIND_NUMBER
	case Boolean:
		return modelv1.SettingKind_SETTING_KIND_BOOLEAN
	case Duration:
		return modelv1.SettingKind_SETTING_KIND_DURATION
	default:
		return modelv1.SettingKind_SETTING_KIND_TEXT
	}
}
