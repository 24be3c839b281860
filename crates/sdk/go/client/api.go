package client

import (
	"context"

	apiv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/api/v1"
	modelv1 "github.com/clintjedwards/gofer/crates/sdk/go/client/gen/gofer/model/v1"
)

// CreateNamespace makes a room for pipelines.
func (c *Client) CreateNamespace(ctx context.Context, request *apiv1.CreateNamespaceRequest) Outcome[*apiv1.CreateNamespaceResponse] {
	return write(ctx, c, request, apiv1.NewNamespaceServiceClient, apiv1.NamespaceServiceClient.CreateNamespace)
}

// DeleteNamespace deletes an empty namespace.
func (c *Client) DeleteNamespace(ctx context.Context, request *apiv1.DeleteNamespaceRequest) Outcome[*apiv1.DeleteNamespaceResponse] {
	return write(ctx, c, request, apiv1.NewNamespaceServiceClient, apiv1.NamespaceServiceClient.DeleteNamespace)
}

// ListNamespaces lists all namespaces.
func (c *Client) ListNamespaces(ctx context.Context, request *apiv1.ListNamespacesRequest) *Pages[*modelv1.Namespace] {
	return pages(ctx, c, request, apiv1.NewNamespaceServiceClient, apiv1.NamespaceServiceClient.ListNamespaces, (*apiv1.ListNamespacesResponse).GetNamespaces)
}

// RegisterPipeline adds a version of a pipeline. The configuration of the newest version again changes nothing.
func (c *Client) RegisterPipeline(ctx context.Context, request *apiv1.RegisterPipelineRequest) Outcome[*apiv1.RegisterPipelineResponse] {
	return write(ctx, c, request, apiv1.NewPipelineServiceClient, apiv1.PipelineServiceClient.RegisterPipeline)
}

// GetPipeline reads a pipeline with the configuration of one version.
func (c *Client) GetPipeline(ctx context.Context, request *apiv1.GetPipelineRequest) (*apiv1.GetPipelineResponse, error) {
	return read(ctx, c, request, apiv1.NewPipelineServiceClient, apiv1.PipelineServiceClient.GetPipeline)
}

// ListPipelines lists the pipelines of a namespace, without their configurations.
func (c *Client) ListPipelines(ctx context.Context, request *apiv1.ListPipelinesRequest) *Pages[*modelv1.Pipeline] {
	return pages(ctx, c, request, apiv1.NewPipelineServiceClient, apiv1.PipelineServiceClient.ListPipelines, (*apiv1.ListPipelinesResponse).GetPipelines)
}

// EnablePipeline lets a pipeline start runs again.
func (c *Client) EnablePipeline(ctx context.Context, request *apiv1.EnablePipelineRequest) Outcome[*apiv1.EnablePipelineResponse] {
	return write(ctx, c, request, apiv1.NewPipelineServiceClient, apiv1.PipelineServiceClient.EnablePipeline)
}

// DisablePipeline keeps a pipeline from starting runs; those that run go on.
func (c *Client) DisablePipeline(ctx context.Context, request *apiv1.DisablePipelineRequest) Outcome[*apiv1.DisablePipelineResponse] {
	return write(ctx, c, request, apiv1.NewPipelineServiceClient, apiv1.PipelineServiceClient.DisablePipeline)
}

// DeletePipeline deletes a pipeline without live runs; its history stays.
func (c *Client) DeletePipeline(ctx context.Context, request *apiv1.DeletePipelineRequest) Outcome[*apiv1.DeletePipelineResponse] {
	return write(ctx, c, request, apiv1.NewPipelineServiceClient, apiv1.PipelineServiceClient.DeletePipeline)
}

// StartRun starts a run.
func (c *Client) StartRun(ctx context.Context, request *apiv1.StartRunRequest) Outcome[*apiv1.StartRunResponse] {
	return write(ctx, c, request, apiv1.NewRunServiceClient, apiv1.RunServiceClient.StartRun)
}

// GetRun reads a run with its tasks.
func (c *Client) GetRun(ctx context.Context, request *apiv1.GetRunRequest) (*apiv1.GetRunResponse, error) {
	return read(ctx, c, request, apiv1.NewRunServiceClient, apiv1.RunServiceClient.GetRun)
}

// ListRuns lists the runs of a pipeline, the newest first, without their tasks.
func (c *Client) ListRuns(ctx context.Context, request *apiv1.ListRunsRequest) *Pages[*modelv1.Run] {
	return pages(ctx, c, request, apiv1.NewRunServiceClient, apiv1.RunServiceClient.ListRuns, (*apiv1.ListRunsResponse).GetRuns)
}

// CancelRun ends a run from outside.
func (c *Client) CancelRun(ctx context.Context, request *apiv1.CancelRunRequest) Outcome[*apiv1.CancelRunResponse] {
	return write(ctx, c, request, apiv1.NewRunServiceClient, apiv1.RunServiceClient.CancelRun)
}

// RetryRun starts a new run with the version and the variables of a finished one.
func (c *Client) RetryRun(ctx context.Context, request *apiv1.RetryRunRequest) Outcome[*apiv1.RetryRunResponse] {
	return write(ctx, c, request, apiv1.NewRunServiceClient, apiv1.RunServiceClient.RetryRun)
}

// CreateSchedule lets a pipeline run at times.
func (c *Client) CreateSchedule(ctx context.Context, request *apiv1.CreateScheduleRequest) Outcome[*apiv1.CreateScheduleResponse] {
	return write(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.CreateSchedule)
}

// GetSchedule reads a schedule with the slots that come next.
func (c *Client) GetSchedule(ctx context.Context, request *apiv1.GetScheduleRequest) (*apiv1.GetScheduleResponse, error) {
	return read(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.GetSchedule)
}

// ListSchedules lists the schedules of a pipeline or a namespace, or all.
func (c *Client) ListSchedules(ctx context.Context, request *apiv1.ListSchedulesRequest) *Pages[*modelv1.Schedule] {
	return pages(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.ListSchedules, (*apiv1.ListSchedulesResponse).GetSchedules)
}

// UpdateSchedule changes all that a schedule says.
func (c *Client) UpdateSchedule(ctx context.Context, request *apiv1.UpdateScheduleRequest) Outcome[*apiv1.UpdateScheduleResponse] {
	return write(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.UpdateSchedule)
}

// DeleteSchedule takes a schedule away; runs that it has started go on.
func (c *Client) DeleteSchedule(ctx context.Context, request *apiv1.DeleteScheduleRequest) Outcome[*apiv1.DeleteScheduleResponse] {
	return write(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.DeleteSchedule)
}

// SetScheduleEnabled lets the slots of a schedule count, or not.
func (c *Client) SetScheduleEnabled(ctx context.Context, request *apiv1.SetScheduleEnabledRequest) Outcome[*apiv1.SetScheduleEnabledResponse] {
	return write(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.SetScheduleEnabled)
}

// StartBackfill starts runs for the slots of a schedule in a range of the past.
func (c *Client) StartBackfill(ctx context.Context, request *apiv1.StartBackfillRequest) Outcome[*apiv1.StartBackfillResponse] {
	return write(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.StartBackfill)
}

// ListBackfills reads the backfills of a schedule, the newest first.
func (c *Client) ListBackfills(ctx context.Context, request *apiv1.ListBackfillsRequest) (*apiv1.ListBackfillsResponse, error) {
	return read(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.ListBackfills)
}

// CancelBackfill starts no further run of a backfill; those that were started go on.
func (c *Client) CancelBackfill(ctx context.Context, request *apiv1.CancelBackfillRequest) Outcome[*apiv1.CancelBackfillResponse] {
	return write(ctx, c, request, apiv1.NewScheduleServiceClient, apiv1.ScheduleServiceClient.CancelBackfill)
}

// InstallTrigger lets pipelines subscribe to a plug-in.
func (c *Client) InstallTrigger(ctx context.Context, request *apiv1.InstallTriggerRequest) Outcome[*apiv1.InstallTriggerResponse] {
	return write(ctx, c, request, apiv1.NewTriggerServiceClient, apiv1.TriggerServiceClient.InstallTrigger)
}

// GetTrigger reads a trigger with the settings that it understands.
func (c *Client) GetTrigger(ctx context.Context, request *apiv1.GetTriggerRequest) (*apiv1.GetTriggerResponse, error) {
	return read(ctx, c, request, apiv1.NewTriggerServiceClient, apiv1.TriggerServiceClient.GetTrigger)
}

// ListTriggers lists all triggers by name, those that are part of Gofer among them.
func (c *Client) ListTriggers(ctx context.Context, request *apiv1.ListTriggersRequest) *Pages[*apiv1.TriggerInfo] {
	return pages(ctx, c, request, apiv1.NewTriggerServiceClient, apiv1.TriggerServiceClient.ListTriggers, (*apiv1.ListTriggersResponse).GetTriggers)
}

// UpdateTrigger changes all that an operator says of a plug-in.
func (c *Client) UpdateTrigger(ctx context.Context, request *apiv1.UpdateTriggerRequest) Outcome[*apiv1.UpdateTriggerResponse] {
	return write(ctx, c, request, apiv1.NewTriggerServiceClient, apiv1.TriggerServiceClient.UpdateTrigger)
}

// UninstallTrigger takes a plug-in away; subscriptions to it are broken from then on.
func (c *Client) UninstallTrigger(ctx context.Context, request *apiv1.UninstallTriggerRequest) Outcome[*apiv1.UninstallTriggerResponse] {
	return write(ctx, c, request, apiv1.NewTriggerServiceClient, apiv1.TriggerServiceClient.UninstallTrigger)
}

// SetTriggerEnabled lets events of a plug-in be taken, or not.
func (c *Client) SetTriggerEnabled(ctx context.Context, request *apiv1.SetTriggerEnabledRequest) Outcome[*apiv1.SetTriggerEnabledResponse] {
	return write(ctx, c, request, apiv1.NewTriggerServiceClient, apiv1.TriggerServiceClient.SetTriggerEnabled)
}

// CreateSubscription lets events of a trigger start runs of a pipeline.
func (c *Client) CreateSubscription(ctx context.Context, request *apiv1.CreateSubscriptionRequest) Outcome[*apiv1.CreateSubscriptionResponse] {
	return write(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.CreateSubscription)
}

// GetSubscription reads a subscription, with why it takes no events if it is broken.
func (c *Client) GetSubscription(ctx context.Context, request *apiv1.GetSubscriptionRequest) (*apiv1.GetSubscriptionResponse, error) {
	return read(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.GetSubscription)
}

// ListSubscriptions lists the subscriptions of a pipeline or a namespace, or all; to one trigger, or to any.
func (c *Client) ListSubscriptions(ctx context.Context, request *apiv1.ListSubscriptionsRequest) *Pages[*apiv1.SubscriptionInfo] {
	return pages(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.ListSubscriptions, (*apiv1.ListSubscriptionsResponse).GetSubscriptions)
}

// UpdateSubscription changes all that a subscription says, but for its trigger.
func (c *Client) UpdateSubscription(ctx context.Context, request *apiv1.UpdateSubscriptionRequest) Outcome[*apiv1.UpdateSubscriptionResponse] {
	return write(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.UpdateSubscription)
}

// DeleteSubscription takes a subscription away; runs that it has started go on.
func (c *Client) DeleteSubscription(ctx context.Context, request *apiv1.DeleteSubscriptionRequest) Outcome[*apiv1.DeleteSubscriptionResponse] {
	return write(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.DeleteSubscription)
}

// SetSubscriptionEnabled lets a subscription take events, or not.
func (c *Client) SetSubscriptionEnabled(ctx context.Context, request *apiv1.SetSubscriptionEnabledRequest) Outcome[*apiv1.SetSubscriptionEnabledResponse] {
	return write(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.SetSubscriptionEnabled)
}

// ListTakenEvents lists the events that a subscription has taken and not forgotten, the newest first, with what became of each.
func (c *Client) ListTakenEvents(ctx context.Context, request *apiv1.ListTakenEventsRequest) *Pages[*apiv1.NumberedEvent] {
	return pages(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.ListTakenEvents, (*apiv1.ListTakenEventsResponse).GetEvents)
}

// TestEvent tells what would become of an event, as all is now. It changes nothing.
func (c *Client) TestEvent(ctx context.Context, request *apiv1.TestEventRequest) (*apiv1.TestEventResponse, error) {
	return read(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.TestEvent)
}

// FireEvent tells a subscription of an event; without a key of its own it counts by the request id.
func (c *Client) FireEvent(ctx context.Context, request *apiv1.FireEventRequest) Outcome[*apiv1.FireEventResponse] {
	return write(ctx, c, request, apiv1.NewSubscriptionServiceClient, apiv1.SubscriptionServiceClient.FireEvent)
}

// ClusterStatus is the cluster as one node sees it; it needs no leader.
func (c *Client) ClusterStatus(ctx context.Context) (*apiv1.GetStatusResponse, error) {
	return read(ctx, c, &apiv1.GetStatusRequest{}, apiv1.NewClusterServiceClient, apiv1.ClusterServiceClient.GetStatus)
}

// ListNodes lists the nodes that execute, with what they do.
func (c *Client) ListNodes(ctx context.Context, request *apiv1.ListNodesRequest) (*apiv1.ListNodesResponse, error) {
	return read(ctx, c, request, apiv1.NewClusterServiceClient, apiv1.ClusterServiceClient.ListNodes)
}
