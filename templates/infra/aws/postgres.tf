# The database that sessions (or LiteLLM's keys) are kept in. It has no public address. Its password is
# made during the apply, goes into Secrets Manager, and is neither in the state nor in a plan.

locals {
  databases = var.postgres == null ? 0 : 1
}

ephemeral "aws_secretsmanager_random_password" "postgres" {
  count = local.databases

  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "postgres_password" {
  count = local.databases

  #checkov:skip=CKV_AWS_149:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_57:A rotation changes the server and the release; llmops secrets rotate does that.
  name                    = "${local.secret_prefix}POSTGRES_PASSWORD"
  recovery_window_in_days = 7
}

# The secret has the password before the server does, so that an apply which is cut short between the
# two goes on with the same one.
resource "aws_secretsmanager_secret_version" "postgres_password" {
  count = local.databases

  secret_id                = aws_secretsmanager_secret.postgres_password[0].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.postgres[0].random_password
  secret_string_wo_version = 1
}

ephemeral "aws_secretsmanager_secret_version" "postgres_password" {
  count = local.databases

  secret_id = aws_secretsmanager_secret_version.postgres_password[0].secret_id
}

resource "aws_db_subnet_group" "main" {
  count = local.databases

  name       = local.name
  subnet_ids = values(aws_subnet.private)[*].id
}

resource "aws_security_group" "postgres" {
  count = local.databases

  name_prefix = "${local.name}-postgres-"
  description = "Who reaches the database"
  vpc_id      = aws_vpc.main.id

  ingress {
    description     = "Tasks"
    protocol        = "tcp"
    from_port       = 5432
    to_port         = 5432
    security_groups = [aws_security_group.tasks.id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_parameter_group" "main" {
  count = local.databases

  name_prefix = "${local.name}-"
  family      = "postgres${var.postgres.version}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "2000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "main" {
  count = local.databases

  #checkov:skip=CKV_AWS_118:Metrics of each minute are enough, and those of each second cost.
  #checkov:skip=CKV_AWS_157:multi_az of llmops.toml decides.
  #checkov:skip=CKV_AWS_161:The API logs in with a password, from Secrets Manager.
  #checkov:skip=CKV_AWS_293:deletion_protection of llmops.toml decides.
  #checkov:skip=CKV_AWS_353:What statements take is in the log from two seconds on.
  #checkov:skip=CKV_AWS_354:Insights are not switched on.
  #checkov:skip=CKV2_AWS_30:Statements that take two seconds are logged; all of them would hold conversations.
  identifier                      = local.name
  engine                          = "postgres"
  engine_version                  = var.postgres.version
  instance_class                  = var.postgres.instance
  db_name                         = "llmops"
  username                        = "llmops"
  password_wo                     = ephemeral.aws_secretsmanager_secret_version.postgres_password[0].secret_string
  password_wo_version             = aws_secretsmanager_secret_version.postgres_password[0].secret_string_wo_version
  port                            = 5432
  allocated_storage               = var.postgres.storage_gb
  max_allocated_storage           = var.postgres.storage_gb * 5
  storage_type                    = "gp3"
  storage_encrypted               = true
  multi_az                        = var.postgres.multi_az
  publicly_accessible             = false
  db_subnet_group_name            = aws_db_subnet_group.main[0].name
  vpc_security_group_ids          = aws_security_group.postgres[*].id
  parameter_group_name            = aws_db_parameter_group.main[0].name
  backup_retention_period         = var.postgres.backup_days
  copy_tags_to_snapshot           = true
  delete_automated_backups        = false
  deletion_protection             = var.deletion_protection
  skip_final_snapshot             = false
  final_snapshot_identifier       = "${local.name}-last"
  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql"]
}

# The secret DATABASE_URL of llmops; a project names it with api.sessions.database_secret, and LiteLLM
# reads it by that name.
resource "aws_secretsmanager_secret" "database_url" {
  count = local.databases

  #checkov:skip=CKV_AWS_149:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_57:A rotation changes the server and the release; llmops secrets rotate does that.
  name                    = "${local.secret_prefix}DATABASE_URL"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "database_url" {
  count = local.databases

  secret_id                = aws_secretsmanager_secret.database_url[0].id
  secret_string_wo         = "postgresql://llmops:${ephemeral.aws_secretsmanager_secret_version.postgres_password[0].secret_string}@${aws_db_instance.main[0].address}:5432/llmops?sslmode=require"
  secret_string_wo_version = aws_secretsmanager_secret_version.postgres_password[0].secret_string_wo_version
}

resource "aws_cloudwatch_metric_alarm" "postgres" {
  for_each = var.postgres == null || var.alert_email == null ? {} : {
    cpu     = { metric = "CPUUtilization", comparison = "GreaterThanThreshold", threshold = 90 }
    storage = { metric = "FreeStorageSpace", comparison = "LessThanThreshold", threshold = 2147483648 }
  }

  alarm_name          = "${local.name}-postgres-${each.key}"
  alarm_description   = "The database has little left: ${each.key}."
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main[0].identifier }
  statistic           = "Average"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 10
  alarm_actions       = aws_sns_topic.alarms[*].arn
  ok_actions          = aws_sns_topic.alarms[*].arn
}
