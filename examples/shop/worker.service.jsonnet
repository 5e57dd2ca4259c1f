local api = import 'api.service.json';

api { serviceName: 'worker' }
