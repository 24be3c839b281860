package main

import (
	"context"
	"fmt"

	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

// subscribed makes a subscription, tells it of an event twice, and takes it away again.
func (d *drill) subscribed(ctx context.Context) (object, error) {
	name := &modelv1.SubscriptionRef{Namespace: d.pipeline.Namespace, Pipeline: d.pipeline.Pipeline, Name: "by-hand"}
	spec := &modelv1.SubscriptionSpec{
		Trigger:     "manual",
		Filter:      "payload.ref != ''",
		Expressions: []*modelv1.Variable{{Name: "REF", Value: "payload.ref"}},
	}
	create := &apiv1.CreateSubscriptionRequest{Subscription: name, Spec: spec}
	if _, err := d.client.CreateSubscription(ctx, create).Result(); err != nil {
		return nil, err
	}
	event := &apiv1.EventInput{Key: "k", Payload: `{"ref": "main"}`}
	would, err := d.client.TestEvent(ctx, &apiv1.TestEventRequest{Subscription: name, Event: event})
	if err != nil {
		return nil, err
	}
	first, err := d.client.FireEvent(ctx, &apiv1.FireEventRequest{Subscription: name, Event: event}).Result()
	if err != nil {
		return nil, err
	}
	again, err := d.client.FireEvent(ctx, &apiv1.FireEventRequest{Subscription: name, Event: event}).Result()
	if err != nil {
		return nil, err
	}
	events, err := d.client.ListTakenEvents(ctx, &apiv1.ListTakenEventsRequest{Subscription: name}).Take(10)
	if err != nil {
		return nil, err
	}
	var taken []string
	for _, numbered := range events {
		taken = append(taken, numbered.Event.Key)
	}
	triggers, err := d.client.ListTriggers(ctx, &apiv1.ListTriggersRequest{PageSize: 2}).Take(100)
	if err != nil {
		return nil, err
	}
	builtIn := 0
	for _, trigger := range triggers {
		if trigger.BuiltIn {
			builtIn++
		}
	}
	if _, err := d.client.DeleteSubscription(ctx, &apiv1.DeleteSubscriptionRequest{Subscription: name}).Result(); err != nil {
		return nil, err
	}
	if _, err := d.client.GetSubscription(ctx, &apiv1.GetSubscriptionRequest{Subscription: name}); err == nil {
		return nil, fmt.Errorf("the subscription is still there")
	}
	return object{
		"would":     would.Result.String(),
		"variables": would.Variables[0].Value,
		"first":     first.Result.String(),
		"same":      first.Run == again.Run && !first.Duplicate && again.Duplicate,
		"taken":     taken,
		"built_in":  builtIn,
	}, nil
}
