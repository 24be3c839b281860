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

// ClusterStatus is the cluster as one node sees it; it needs no leader.
func (c *Client) ClusterStatus(ctx context.Context) (*apiv1.GetStatusResponse, error) {
	return read(ctx, c, &apiv1.GetStatusRequest{}, apiv1.NewClusterServiceClient, apiv1.ClusterServiceClient.GetStatus)
}

// ListNodes lists the nodes that execute, with what they do.
func (c *Client) ListNodes(ctx context.Context, request *apiv1.ListNodesRequest) (*apiv1.ListNodesResponse, error) {
	return read(ctx, c, request, apiv1.NewClusterServiceClient, apiv1.ClusterServiceClient.ListNodes)
}
