resource "aws_cloudwatch_log_group" "tasks" {
  #checkov:skip=CKV_AWS_158:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV_AWS_338:log_retention_days of llmops.toml decides; logs of a year are rarely read.
  name              = coalesce(var.log_group, "/ecs/${var.project}")
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_cluster" "main" {
  name = local.cluster

  setting {
    name  = "containerInsights"
    value = var.insights ? "enabled" : "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "main" {
  cluster_name       = aws_ecs_cluster.main.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

# What may reach a task: the load balancer, on one port.
resource "aws_security_group" "tasks" {
  name_prefix = "${local.name}-tasks-"
  description = "What tasks reach, and who reaches them"
  vpc_id      = aws_vpc.main.id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  description                  = "The load balancer"
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  description       = "Models, AWS, database"
  security_group_id = aws_security_group.tasks.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# Never runs: a service wants a definition when it is made, and the first deploy brings its own.
resource "aws_ecs_task_definition" "placeholder" {
  family                   = "${local.service}-placeholder"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([{
    name                   = "api"
    image                  = "${aws_ecr_repository.main.repository_url}:none"
    essential              = true
    readonlyRootFilesystem = true
    portMappings           = [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.tasks.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "placeholder"
      }
    }
  }])
}

resource "aws_ecs_service" "main" {
  #checkov:skip=CKV_AWS_333:Public addresses only where there is no gateway; the group lets in the load balancer alone.
  name                              = local.service
  cluster                           = aws_ecs_cluster.main.id
  task_definition                   = aws_ecs_task_definition.placeholder.arn
  desired_count                     = 0
  platform_version                  = "LATEST"
  health_check_grace_period_seconds = var.ready_seconds
  enable_ecs_managed_tags           = true
  propagate_tags                    = "TASK_DEFINITION"
  availability_zone_rebalancing     = "ENABLED"

  capacity_provider_strategy {
    capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  network_configuration {
    subnets          = local.task_subnets
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = var.nat == "none"
  }

  deployment_configuration {
    strategy = local.tests == 1 ? "BLUE_GREEN" : "ROLLING"
  }

  # Of rolling deployments: ECS itself goes back where new tasks keep failing.
  dynamic "deployment_circuit_breaker" {
    for_each = local.tests == 1 ? [] : [1]
    content {
      enable   = true
      rollback = true
    }
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.main["blue"].arn
    container_name   = "api"
    container_port   = var.port

    dynamic "advanced_configuration" {
      for_each = local.tests == 1 ? [1] : []
      content {
        alternate_target_group_arn = aws_lb_target_group.main["green"].arn
        production_listener_rule   = aws_lb_listener_rule.main.arn
        test_listener_rule         = aws_lb_listener_rule.test[0].arn
        role_arn                   = aws_iam_role.ecs[0].arn
      }
    }
  }

  lifecycle {
    # The release that runs, how many tasks it has and which group it is in: `llmops deploy`. Where
    # tasks run is decided once: a change would replace the service, and the release with it.
    ignore_changes = [
      capacity_provider_strategy,
      task_definition,
      desired_count,
      load_balancer,
      deployment_configuration,
      deployment_circuit_breaker,
      deployment_maximum_percent,
      deployment_minimum_healthy_percent,
    ]
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.main,
    aws_iam_role_policy.ecs,
    aws_iam_role_policy.execution,
    aws_lb_listener_rule.main,
    aws_route_table_association.private,
    aws_route_table_association.public,
    aws_route.private,
  ]
}

# Suspended until there is something to scale: a deploy suspends it too while it moves, and resumes it
# when it has ended, so that the two never argue about the number of tasks.
resource "aws_appautoscaling_target" "main" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.main.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks

  suspended_state {
    dynamic_scaling_in_suspended  = true
    dynamic_scaling_out_suspended = true
    scheduled_scaling_suspended   = true
  }

  lifecycle {
    ignore_changes = [suspended_state]
  }
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${local.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.main.service_namespace
  resource_id        = aws_appautoscaling_target.main.resource_id
  scalable_dimension = aws_appautoscaling_target.main.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_percent
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
