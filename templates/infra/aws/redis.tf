# A Valkey, which speaks as Redis does: no public address, TLS, and a token. The provider takes the
# token only as a value that it keeps, so it is in the state, which lies encrypted in a bucket that
# only operators read; it is in no plan and no output.

locals {
  caches = var.redis == null ? 0 : 1
}

ephemeral "aws_secretsmanager_random_password" "redis" {
  count = local.caches

  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "redis_password" {
  count = local.caches

  #checkov:skip=CKV_AWS_149:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_57:A rotation changes the server and the release; llmops secrets rotate does that.
  name                    = "${local.secret_prefix}REDIS_PASSWORD"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "redis_password" {
  count = local.caches

  secret_id                = aws_secretsmanager_secret.redis_password[0].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.redis[0].random_password
  secret_string_wo_version = 1
}

data "aws_secretsmanager_secret_version" "redis_password" {
  count = local.caches

  secret_id  = aws_secretsmanager_secret.redis_password[0].id
  version_id = aws_secretsmanager_secret_version.redis_password[0].version_id
}

resource "aws_elasticache_subnet_group" "main" {
  count = local.caches

  name       = local.name
  subnet_ids = values(aws_subnet.private)[*].id
}

resource "aws_security_group" "redis" {
  count = local.caches

  name_prefix = "${local.name}-redis-"
  description = "Who reaches the cache"
  vpc_id      = aws_vpc.main.id

  ingress {
    description     = "Tasks"
    protocol        = "tcp"
    from_port       = 6379
    to_port         = 6379
    security_groups = [aws_security_group.tasks.id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_elasticache_replication_group" "main" {
  count = local.caches

  #checkov:skip=CKV_AWS_191:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_50:replicas of llmops.toml decides; what is cached may be lost.
  replication_group_id       = trimsuffix(substr(local.name, 0, 40), "-")
  description                = "Cache of ${local.name}"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.redis.node
  num_cache_clusters         = 1 + var.redis.replicas
  automatic_failover_enabled = var.redis.replicas > 0
  multi_az_enabled           = var.redis.replicas > 0
  port                       = 6379
  subnet_group_name          = aws_elasticache_subnet_group.main[0].name
  security_group_ids         = aws_security_group.redis[*].id
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = data.aws_secretsmanager_secret_version.redis_password[0].secret_string
  auth_token_update_strategy = "ROTATE"
  auto_minor_version_upgrade = true
  apply_immediately          = true
}

# The secret REDIS_URL: rediss, so that a client asks by TLS.
resource "aws_secretsmanager_secret" "redis_url" {
  count = local.caches

  #checkov:skip=CKV_AWS_149:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_57:A rotation changes the server and the release; llmops secrets rotate does that.
  name                    = "${local.secret_prefix}REDIS_URL"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "redis_url" {
  count = local.caches

  secret_id                = aws_secretsmanager_secret.redis_url[0].id
  secret_string_wo         = "rediss://:${data.aws_secretsmanager_secret_version.redis_password[0].secret_string}@${aws_elasticache_replication_group.main[0].primary_endpoint_address}:6379/0"
  secret_string_wo_version = aws_secretsmanager_secret_version.redis_password[0].secret_string_wo_version
}
