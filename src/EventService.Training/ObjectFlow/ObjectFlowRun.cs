using EventService.Models.Documents;
using EventService.Models.ObjectFlow;
using EventService.Training.Runs;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// The training of an object flow as a run: its networks are trained in one stage; then the azimuths are calibrated, and the acceptance is
/// measured.
/// </summary>
/// <param name="training">The training.</param>
/// <param name="identity">What the model is called.</param>
/// <param name="crossSectionPb">Cross-section before the event selection [pb]; where there are points they have it.</param>
/// <param name="calibration">How the azimuths are calibrated.</param>
/// <param name="acceptanceEvents">Draws by which the acceptance is measured.</param>
public sealed class ObjectFlowRun(
    ObjectFlowTraining training,
    ModelIdentity identity,
    double crossSectionPb,
    CalibrationOptions calibration,
    long acceptanceEvents) : ITrainingRun
{
    private ObjectFlowNetwork? _network;

    public IReadOnlyList<string> Stages => [""];

    public TrainingStage Begin(string stage) => new(
        $"{training.Sample.Count:N0} events of {training.Sample.ProcessName}",
        training.Trainer.Trainer,
        () => _network = training.Trainer.Best());

    public ModelDocument Write(Stream stream, ModelOrigin origin, IMeasuringProgress? progress)
    {
        var network = _network ?? throw new InvalidOperationException("The networks have not been trained.");
        progress?.Begin("calibrating the azimuths", (long)calibration.Rounds * calibration.Events);
        training.Calibrate(network, calibration, done => progress?.Report(done));
        progress?.Begin("measuring the acceptance", acceptanceEvents);
        return training.Write(network, identity, crossSectionPb, origin, acceptanceEvents, stream, done => progress?.Report(done));
    }
}
