# `llmops infra apply` writes those that are keys of [targets.NAME] into llmops.toml.

output "region" {
  value = var.region
}

output "account" {
  value = local.account
}

output "cluster" {
  value = aws_ecs_cluster.main.name
}

output "service" {
  value = aws_ecs_service.main.name
}

output "bucket" {
  value = aws_s3_bucket.main.bucket
}

output "secret_prefix" {
  value = local.secret_prefix
}

output "execution_role" {
  value = aws_iam_role.execution.arn
}

output "task_role" {
  value = aws_iam_role.task.arn
}

output "log_group" {
  value = aws_cloudwatch_log_group.tasks.name
}

output "public_url" {
  value = "${local.scheme}://${local.host}"
}

output "test_url" {
  value = local.tests == 1 ? "${local.scheme}://${local.host}:${local.test_port}" : null
}

output "registry" {
  value = split("/", aws_ecr_repository.main.repository_url)[0]
}

output "load_balancer" {
  description = "What a name that is not in Route 53 has to point to."
  value       = aws_lb.main.dns_name
}

output "name_servers" {
  description = "What the registrar of the domain has to be told, where the hosted zone was made."
  value       = length(aws_route53_zone.main) == 0 ? null : join(" ", aws_route53_zone.main[0].name_servers)
}

output "outgoing_addresses" {
  description = "What models and other services see requests come from."
  value       = length(aws_eip.nat) == 0 ? null : join(" ", values(aws_eip.nat)[*].public_ip)
}

output "deployer_role" {
  description = "What the workflow on GitHub logs in as: the variable AWS_ROLE of its environment."
  value       = one(aws_iam_role.deployer[*].arn)
}

output "database_secret" {
  description = "Name of the secret for api.sessions.database_secret."
  value       = var.postgres == null ? null : "DATABASE_URL"
}

output "database_host" {
  value = one(aws_db_instance.main[*].address)
}

output "redis_secret" {
  description = "Name of the secret with the address of the cache."
  value       = var.redis == null ? null : "REDIS_URL"
}

output "redis_host" {
  description = "Valkey, on port 6379 with TLS."
  value       = one(aws_elasticache_replication_group.main[*].primary_endpoint_address)
}
