local image(name) = error 'no image ' + name;
{
  family: 'api',
  containerDefinitions: [{ name: 'app', image: image('x') }],
}
