namespace EventService.Models.Flows.Networks;

/// <summary>y becomes x with T(x) = y; in float32.</summary>
/// <param name="rows">Panels of [KernelRows, 16 lanes].</param>
/// <param name="stride">Distance of rows in floats.</param>
/// <param name="panelStride">Distance of panels in floats; 16 for rows of all lanes.</param>
/// <param name="y">One number a lane, replaced.</param>
public delegate void ScalarInverse(ReadOnlySpan<float> rows, int stride, int panelStride, Span<float> y);
