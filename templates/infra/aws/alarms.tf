# Worth a mail. Dimensions name both target groups, of which one has the traffic.

locals {
  alarms_wanted = var.alert_email != null
  balancer      = { LoadBalancer = aws_lb.main.arn_suffix }
  in_service    = { ClusterName = aws_ecs_cluster.main.name, ServiceName = aws_ecs_service.main.name }

  alarms = merge(
    {
      errors = {
        description = "The API answers with errors of its own."
        namespace   = "AWS/ApplicationELB"
        metric      = "HTTPCode_Target_5XX_Count"
        dimensions  = local.balancer
        statistic   = "Sum"
        extended    = null
        comparison  = "GreaterThanThreshold"
        threshold   = 10
        periods     = 2
        missing     = "notBreaching"
      }
      unanswered = {
        description = "The load balancer itself answers with errors: no task does."
        namespace   = "AWS/ApplicationELB"
        metric      = "HTTPCode_ELB_5XX_Count"
        dimensions  = local.balancer
        statistic   = "Sum"
        extended    = null
        comparison  = "GreaterThanThreshold"
        threshold   = 5
        periods     = 2
        missing     = "notBreaching"
      }
      latency = {
        description = "Of 100 answers, more than 5 begin late."
        namespace   = "AWS/ApplicationELB"
        metric      = "TargetResponseTime"
        dimensions  = local.balancer
        statistic   = null
        extended    = "p95"
        comparison  = "GreaterThanThreshold"
        threshold   = var.latency_seconds
        periods     = 5
        missing     = "notBreaching"
      }
      cpu = {
        description = "The processors are at their limit, in spite of scaling."
        namespace   = "AWS/ECS"
        metric      = "CPUUtilization"
        dimensions  = local.in_service
        statistic   = "Average"
        extended    = null
        comparison  = "GreaterThanThreshold"
        threshold   = min(95, var.cpu_percent + 20)
        periods     = 10
        missing     = "notBreaching"
      }
      memory = {
        description = "The memory is nearly used up; tasks will be killed."
        namespace   = "AWS/ECS"
        metric      = "MemoryUtilization"
        dimensions  = local.in_service
        statistic   = "Maximum"
        extended    = null
        comparison  = "GreaterThanThreshold"
        threshold   = 90
        periods     = 5
        missing     = "notBreaching"
      }
    },
    {
      for color, group in aws_lb_target_group.main : "unhealthy-${color}" => {
        description = "Tasks do not answer ${var.health_path}."
        namespace   = "AWS/ApplicationELB"
        metric      = "UnHealthyHostCount"
        dimensions  = { LoadBalancer = aws_lb.main.arn_suffix, TargetGroup = group.arn_suffix }
        statistic   = "Maximum"
        extended    = null
        comparison  = "GreaterThanThreshold"
        threshold   = 0
        periods     = 5
        missing     = "notBreaching"
      }
    },
  )
}

resource "aws_sns_topic" "alarms" {
  count = local.alarms_wanted ? 1 : 0

  #checkov:skip=CKV_AWS_26:With the key of AWS alarms could not be sent here; they hold numbers and no prompt.
  name = "${local.name}-alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  count = local.alarms_wanted ? 1 : 0

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_cloudwatch_metric_alarm" "main" {
  for_each = { for name, alarm in local.alarms : name => alarm if local.alarms_wanted }

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  extended_statistic  = each.value.extended
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = aws_sns_topic.alarms[*].arn
  ok_actions          = aws_sns_topic.alarms[*].arn
}

# Fewer tasks than wanted. Only a cluster that measures each task knows how many there are.
resource "aws_cloudwatch_metric_alarm" "tasks" {
  count = local.alarms_wanted && var.insights ? 1 : 0

  alarm_name          = "${local.name}-tasks"
  alarm_description   = "Fewer tasks run than the service wants: they stop, or cannot be started."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = aws_sns_topic.alarms[*].arn
  ok_actions          = aws_sns_topic.alarms[*].arn

  metric_query {
    id          = "missing"
    expression  = "desired - running"
    label       = "Tasks that are missing"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { desired = "DesiredTaskCount", running = "RunningTaskCount" }
    content {
      id = metric_query.key
      metric {
        namespace   = "ECS/ContainerInsights"
        metric_name = metric_query.value
        dimensions  = local.in_service
        period      = 60
        stat        = "Average"
      }
    }
  }
}

# Of all that the tag of this target is on. Costs have tags only after "application" and "target" were
# activated once as cost allocation tags in the account's billing; until then nothing counts here.
resource "aws_budgets_budget" "main" {
  count = var.monthly_budget == null ? 0 : 1

  name         = local.name
  budget_type  = "COST"
  limit_amount = format("%.1f", var.monthly_budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:target$%s", var.target)]
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    notification_type          = "ACTUAL"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alert_email]
  }
  notification {
    comparison_operator        = "GREATER_THAN"
    notification_type          = "FORECASTED"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alert_email]
  }
}
