local cpu = 256;
{
  family: 'api',
  containerDefinitions: [{ name: 'app', cpuu: cpu, memory: 'x' }],
}
