local api = import 'api.taskdef.json';

{
  family: 'worker',
  requiresCompatibilities: api.requiresCompatibilities,
  networkMode: api.networkMode,
  cpu: api.cpu,
  memory: api.memory,
  containerDefinitions: [
    { name: 'app', essential: true, environment: [{ name: 'QUEUE', value: 'shop-${env.name}' }] },
  ],
}
