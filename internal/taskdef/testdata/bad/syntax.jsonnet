{
  family: 'api'
  containerDefinitions: [],
}
